"use strict";
/* Reads the run's data and keeps the charts: built once, again when the colours or the width of the page change. */

(() => {
  const run = JSON.parse(document.getElementById("run").textContent);
  const PRINT_WIDTH = 680;
  const PRINT_HEIGHT = 0.58;
  const MINUTE = 60e3;
  const has = id => document.getElementById(id) !== null;

  function times(steps) {
    let at = 0;
    return steps.map(step => (at += step));
  }

  const equityMs = times(run.equity.dt), priceMs = times(run.price.dt);
  const starts = [equityMs, priceMs].filter(column => column.length);
  const whole = starts.length ? [Math.min(...starts.map(column => column[0])), Math.max(...starts.map(column => column[column.length - 1]))] : [0, 1];
  if (whole[0] === whole[1]) whole[1] += MINUTE;
  const charts = {};
  let unit = "r", view = whole, linked = [], zooming = false, printing = false;

  function padded(u, low, high) {
    if (low === null || high === null) return [0, 1];
    const pad = (high - low || Math.abs(high) * 0.01 || 1) * 0.07;
    return [low - pad, high + pad];
  }

  /* One range for all charts over time; null is the whole run. */
  function zoom(range, source) {
    if (zooming) return;
    zooming = true;
    view = range || whole;
    for (const chart of linked) if (chart !== source) chart.setScale("x", { min: view[0], max: view[1] });
    zooming = false;
    const reset = document.getElementById("reset");
    reset.disabled = view[0] <= whole[0] && view[1] >= whole[1];
  }

  function buildEquity(shared) {
    const inR = unit === "r";
    const values = inR ? run.equity.r : run.equity.usdt;
    const unitName = inR ? "R" : "USDT";
    const write = value => `${Format.number(value, 2, inR)} ${unitName}`;
    document.getElementById("equity-unit").textContent = inR ? "R, net, marked to market" : "USDT, net, marked to market";
    charts.equity = Charts.timeChart({
      ...shared, id: "equity", height: 250, data: [equityMs, values],
      series: { stroke: Charts.colour("accent"), width: 1.5, points: { show: false } },
      range: padded, timeLabels: false,
      axis: (value, step) => Format.number(value, Charts.decimalsFor(step), inR),
      value: index => write(values[index]),
      idle: values.length ? `ends at ${write(values[values.length - 1])}` : "",
      draw: u => {
        const y = u.valToPos(inR ? 0 : values[0], "y", true);
        Charts.dashedLine(u, [u.bbox.left, y], [u.bbox.left + u.bbox.width, y]);
      },
    });
  }

  function buildTimeCharts() {
    for (const chart of linked) chart.destroy();
    linked = [];
    const shared = { linked, window: view, onZoom: zoom };
    if (has("equity") && equityMs.length) {
      buildEquity(shared);
      const depth = run.equity.drawdown.map(value => -100 * value);
      const deepest = Math.min(0, ...depth);
      charts.drawdown = Charts.timeChart({
        ...shared, id: "drawdown", height: has("price") ? 110 : 154, data: [equityMs, depth],
        series: { stroke: Charts.colour("loss"), fill: Charts.colour("loss-wash"), width: 1, fillTo: () => 0, points: { show: false } },
        range: (u, low) => [Math.min(low ?? 0, -0.01) * 1.1, 0], timeLabels: !has("price"),
        axis: (value, step) => `${Format.number(value, Charts.decimalsFor(step))} %`,
        value: index => `${Format.number(depth[index])} %`,
        idle: `deepest ${Format.number(deepest)} %`,
      });
    }
    if (has("price") && priceMs.length) {
      charts.price = Charts.timeChart({
        ...shared, id: "price", height: 380, data: [priceMs, run.price.price],
        series: { stroke: Charts.colour("price"), width: 1, points: { show: false } },
        range: padded, timeLabels: true,
        axis: (value, step) => Format.number(value, Charts.decimalsFor(step)),
        value: index => `${Format.exact(run.price.price[index])} USDT`,
        idle: `last ${Format.exact(run.price.price[priceMs.length - 1])} USDT`,
        draw: u => Trades.draw(u, run.trades),
      });
      Trades.bindTooltip(charts.price, run.trades);
    }
  }

  function share(count, total) {
    return `${Format.number(count, 0)} trade${count === 1 ? "" : "s"} (${Format.number((100 * count) / total, 1)} %)`;
  }

  function buildResults() {
    const { width, first, counts, low_open: lowOpen, high_open: highOpen } = run.r_histogram;
    const total = counts.reduce((sum, count) => sum + count, 0);
    const x = counts.map((_, index) => (first + index) * width);
    const decimals = Charts.decimalsFor(width) + (width === 0.25 ? 1 : 0);
    const edge = index => Format.number((first + index) * width, Math.max(1, decimals), true);
    const label = index => {
      if (index === 0 && lowOpen) return `below ${edge(1)} R`;
      if (index === counts.length - 1 && highOpen) return `${edge(index)} R and above`;
      return `${edge(index)} to ${edge(index + 1)} R`;
    };
    charts.results = Charts.barChart({
      id: "r-histogram", height: 250, x,
      groups: [
        { colour: Charts.colour("loss"), values: counts.map((count, index) => (first + index < 0 ? count : null)) },
        { colour: Charts.colour("gain"), values: counts.map((count, index) => (first + index >= 0 ? count : null)) },
      ],
      xRange: [first * width, (first + counts.length) * width],
      xAxis: { values: (u, splits) => splits.map(value => `${Format.number(value, Charts.decimalsFor(Math.abs(splits[1] - splits[0]) || 1), true)} R`), space: 54 },
      value: index => `${label(index)}: ${share(counts[index], total)}`,
      idle: `mean ${Format.number(run.mean_r, 3, true)} R, ${width} R a bin`,
      draw: u => {
        const at = u.valToPos(run.mean_r, "x", true);
        Charts.dashedLine(u, [at, u.bbox.top], [at, u.bbox.top + u.bbox.height]);
      },
    });
  }

  function buildHolding() {
    const edges = run.holding.edges_ms, series = run.holding.series;
    const bins = edges.length - 1;
    const x = Array.from({ length: bins }, (_, index) => index);
    const total = series.reduce((sum, [, counts]) => sum + counts.reduce((part, count) => part + count, 0), 0);
    // Stacked: each group holds the sum of itself and those below it; the tallest is drawn first.
    const sums = new Array(bins).fill(0);
    const groups = series.map(([status, counts]) => {
      counts.forEach((count, index) => { sums[index] += count; });
      const values = counts.map((count, index) => (count ? sums[index] : null));
      return { colour: Charts.colour(status) || Charts.colour("timeout"), values };
    }).reverse();
    const edge = index => (edges[index] === null ? "" : edges[index] === 0 ? "0" : Format.span(edges[index]));
    charts.holding = Charts.barChart({
      id: "holding", height: 250, x, groups, xRange: [0, bins],
      xAxis: { splits: () => Array.from({ length: bins + 1 }, (_, index) => index), values: (u, splits) => splits.map(edge), space: 20 },
      value: index => {
        const parts = series.filter(([, counts]) => counts[index]).map(([status, counts]) => `${status} ${counts[index]}`);
        return `${edge(index)} to ${edge(index + 1) || "longer"}: ${share(sums[index], total)}${parts.length ? `, ${parts.join(", ")}` : ""}`;
      },
      idle: "",
    });
  }

  function build() {
    buildTimeCharts();
    charts.results?.destroy();
    charts.holding?.destroy();
    if (run.r_histogram.counts.length) buildResults();
    if (run.holding.edges_ms.length) buildHolding();
    if (printing) fitPaper();
  }

  function fitPaper() {
    for (const [name, chart] of Object.entries(charts)) {
      const half = name === "results" || name === "holding";
      chart.setSize({ width: half ? PRINT_WIDTH / 2 - 16 : PRINT_WIDTH, height: half ? 160 : Math.round(chart.height * PRINT_HEIGHT) });
    }
  }

  function resize(width) {
    for (const chart of Object.values(charts)) {
      const room = width || chart.root.parentElement.clientWidth;
      if (room > 0 && room !== chart.width) chart.setSize({ width: room, height: chart.height });
    }
  }

  function choose(next) {
    unit = next;
    for (const name of ["r", "usdt"]) document.getElementById(`unit-${name}`).setAttribute("aria-pressed", String(name === unit));
    buildTimeCharts();
  }

  function pick(row) {
    const entry = run.trades.columns.entry_ms[row];
    const exit = run.trades.columns.exit_ms[row] ?? whole[1];
    const margin = Math.max(10 * MINUTE, (exit - entry) * 0.75);
    zoom([Math.max(whole[0], entry - margin), Math.min(whole[1], exit + margin)]);
    document.getElementById("course").scrollIntoView({ block: "start" });
  }

  build();
  if (has("reset")) document.getElementById("reset").addEventListener("click", () => zoom(null));
  if (has("unit-r")) for (const name of ["r", "usdt"]) document.getElementById(`unit-${name}`).addEventListener("click", () => choose(name));
  if (has("trades")) Trades.list(run.trades, pick);

  let width = document.body.clientWidth;
  window.addEventListener("resize", () => {
    if (printing || document.body.clientWidth === width) return;
    width = document.body.clientWidth;
    resize();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
  // Paper is light and narrower than most screens.
  window.addEventListener("beforeprint", () => {
    printing = true;
    document.documentElement.dataset.theme = "light";
    build();
  });
  window.addEventListener("afterprint", () => {
    printing = false;
    delete document.documentElement.dataset.theme;
    build();
  });
  // For whoever inspects the page: the charts, and the data they draw.
  globalThis.arbcoreReport = { charts, run, zoom };
  document.documentElement.dataset.ready = "true";
})();
