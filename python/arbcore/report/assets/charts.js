"use strict";
/* Words, numbers and the parts of a chart that every chart of the page shares. Times are UTC milliseconds. */

const Format = (() => {
  const UNDEFINED = "–";
  const MINUTE = 60e3, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const two = value => String(value).padStart(2, "0");
  const formats = new Map();
  const asCarried = new Intl.NumberFormat("en-US", { maximumFractionDigits: 8 });

  function number(value, decimals = 2, signed = false) {
    if (value === null || value === undefined || !Number.isFinite(value)) return UNDEFINED;
    if (!formats.has(decimals)) {
      const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
      formats.set(decimals, new Intl.NumberFormat("en-US", digits));
    }
    const text = formats.get(decimals).format(Math.abs(value));
    if (!/[1-9]/.test(text)) return text;
    return (value < 0 ? "−" : signed ? "+" : "") + text;
  }

  /* As many decimals as the value carries, at most eight. */
  function exact(value) {
    if (value === null || value === undefined) return UNDEFINED;
    return asCarried.format(value).replace("-", "−");
  }

  function time(ms, seconds = false) {
    if (ms === null || ms === undefined) return UNDEFINED;
    return new Date(ms).toISOString().slice(0, seconds ? 19 : 16).replace("T", " ");
  }

  function span(ms) {
    if (ms === null || ms === undefined) return UNDEFINED;
    if (ms < 1000) return `${Math.round(ms)} ms`;
    for (const [unit, name, part, partName] of [[DAY, "d", HOUR, "h"], [HOUR, "h", MINUTE, "min"], [MINUTE, "min", 1000, "s"]]) {
      const total = Math.round(ms / part) * part;
      if (total >= unit) {
        const rest = Math.round((total % unit) / part);
        return `${Math.floor(total / unit)} ${name}` + (rest ? ` ${rest} ${partName}` : "");
      }
    }
    return `${Math.round(ms / 1000)} s`;
  }

  /* Labels of a time axis: the clock, and the date wherever a new day (or the axis) begins. */
  function timeTicks(splits, step) {
    let shown = null;
    return splits.map(ms => {
      const date = new Date(ms);
      const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
      const year = date.getUTCFullYear();
      const key = step >= DAY ? String(year) : `${day} ${year}`;
      const first = key !== shown;
      shown = key;
      if (step >= DAY) return first ? `${day}\n${year}` : day;
      const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}` + (step < MINUTE ? `:${two(date.getUTCSeconds())}` : "");
      return first ? `${clock}\n${day}` : clock;
    });
  }

  return { UNDEFINED, number, exact, time, span, timeTicks };
})();

const Charts = (() => {
  const AXIS_WIDTH = 62;
  const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  }

  function element(tag, text, className) {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (className) node.className = className;
    return node;
  }

  function readout(id, text) {
    document.getElementById(`${id}-readout`).textContent = text;
  }

  function valueAxis(format) {
    return {
      size: AXIS_WIDTH, stroke: colour("ink-3"), font: FONT, gap: 6,
      grid: { stroke: colour("line-soft"), width: 1 }, ticks: { show: false },
      values: (u, splits) => splits.map((value, index) => format(value, Math.abs(splits[1] - splits[0]) || 1, index)),
    };
  }

  function timeAxis(show) {
    return {
      show, size: 44, stroke: colour("ink-3"), font: FONT, gap: 4, space: 76,
      grid: { stroke: colour("line-soft"), width: 1 }, ticks: { stroke: colour("line"), width: 1, size: 4 },
      values: (u, splits, axis, space, step) => Format.timeTicks(splits, step),
    };
  }

  function plainAxis(extra) {
    return {
      size: 30, stroke: colour("ink-3"), font: FONT, gap: 4,
      grid: { show: false }, ticks: { stroke: colour("line"), width: 1, size: 4 }, ...extra,
    };
  }

  /* Decimals that tell two neighbouring ticks apart. */
  function decimalsFor(step) {
    return Math.min(8, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
  }

  /* A chart over time; `linked` holds the charts that share its x range and cursor. */
  function timeChart({ id, height, data, series, range, axis, timeLabels, value, idle, draw, linked, window, onZoom }) {
    const host = document.getElementById(id);
    const show = u => {
      const index = u.cursor.idx;
      const hovered = u.cursor.left >= 0 && index !== null && index !== undefined;
      readout(id, hovered ? `${Format.time(u.data[0][index])} UTC   ${value(index)}` : idle);
    };
    const options = {
      width: host.clientWidth, height, ms: 1, pxAlign: 1,
      tzDate: ms => uPlot.tzDate(new Date(ms), "Etc/UTC"),
      padding: [8, 20, timeLabels ? 0 : 6, 0],
      legend: { show: false },
      cursor: {
        y: false, points: { size: 7, width: 0 },
        drag: { x: true, y: false, setScale: true, dist: 6 },
        sync: { key: "arbcore-run", setSeries: false, scales: ["x", null], filters: { pub: type => type === "mousemove" || type === "mouseleave", sub: () => true } },
        bind: { dblclick: () => () => { onZoom(null); return null; } },
      },
      scales: { x: { time: true, auto: false, min: window[0], max: window[1] }, y: { range } },
      axes: [timeAxis(timeLabels), valueAxis(axis)],
      series: [{}, series],
      hooks: {
        setCursor: [show],
        setScale: [(u, key) => { if (key === "x") onZoom([u.scales.x.min, u.scales.x.max], u); }],
        draw: draw ? [draw] : [],
      },
    };
    const chart = new uPlot(options, data, host);
    readout(id, idle);
    linked.push(chart);
    return chart;
  }

  /* A bar chart over [first, last): `groups` are drawn in order, later ones over earlier ones. */
  function barChart({ id, height, x, groups, xRange, xAxis, value, idle, draw }) {
    const host = document.getElementById(id);
    const bars = uPlot.paths.bars({ size: [1], align: 1, gap: 1 });
    const options = {
      width: host.clientWidth, height, padding: [8, 10, 0, 0], legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { time: false, range: () => xRange }, y: { range: (u, low, high) => [0, Math.max(1, high * 1.06)] } },
      axes: [plainAxis(xAxis), { ...valueAxis(tick => (Number.isInteger(tick) ? Format.number(tick, 0) : "")), incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000] }],
      series: [{}, ...groups.map(group => ({ stroke: group.colour, fill: group.colour, width: 0, paths: bars, points: { show: false } }))],
      hooks: {
        setCursor: [u => {
          // Bars open at their x: the one under the cursor is the last that starts left of it.
          const at = u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : null;
          let index = -1;
          if (at !== null) while (index + 1 < x.length && x[index + 1] <= at) index += 1;
          readout(id, index >= 0 ? value(index) : idle);
        }],
        draw: draw ? [draw] : [],
      },
    };
    const chart = new uPlot(options, [x, ...groups.map(group => group.values)], host);
    readout(id, idle);
    return chart;
  }

  /* Run `paint` with the canvas clipped to the plotting area. */
  function clipped(u, paint) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    paint(ctx, uPlot.pxRatio);
    ctx.restore();
  }

  function dashedLine(u, from, to) {
    clipped(u, (ctx, ratio) => {
      ctx.strokeStyle = colour("ink-3");
      ctx.lineWidth = ratio;
      ctx.setLineDash([4 * ratio, 4 * ratio]);
      ctx.beginPath();
      ctx.moveTo(...from);
      ctx.lineTo(...to);
      ctx.stroke();
    });
  }

  return { colour, element, timeChart, barChart, clipped, dashedLine, decimalsFor };
})();
