"use strict";
/* The positions: marks on the price chart with their tooltip, and the sortable list. */

const Trades = (() => {
  const DENSE = 260; // more marks than this in view: small ones, without the lines between entry and exit
  const REACH = 16; // CSS pixels around a mark within which the tooltip opens
  const FIRST_ROWS = 100;
  let marks = [];

  function held(columns, row) {
    return columns.exit_ms[row] === null ? null : columns.exit_ms[row] - columns.entry_ms[row];
  }

  function shape(ctx, kind, x, y, size) {
    ctx.beginPath();
    if (kind === "up" || kind === "down") {
      const tip = kind === "up" ? -size : size;
      ctx.moveTo(x, y + tip);
      ctx.lineTo(x + size, y - tip * 0.75);
      ctx.lineTo(x - size, y - tip * 0.75);
      ctx.closePath();
    } else if (kind === "diamond") {
      ctx.moveTo(x, y - size);
      ctx.lineTo(x + size, y);
      ctx.lineTo(x, y + size);
      ctx.lineTo(x - size, y);
      ctx.closePath();
    } else {
      ctx.arc(x, y, size, 0, 2 * Math.PI);
    }
  }

  /* Draw every position in view; remembers where each mark is, for the tooltip. */
  function draw(u, data) {
    marks = [];
    const columns = data.columns;
    const { min, max } = u.scales.x;
    const rows = [];
    for (let row = 0; row < data.charted; row += 1) {
      if (columns.entry_ms[row] <= max && (columns.exit_ms[row] ?? Infinity) >= min) rows.push(row);
    }
    const dense = rows.length > DENSE;
    const ink = Charts.colour("ink"), paper = Charts.colour("bg");
    const statusColours = new Map();
    const statusColour = name => {
      if (!statusColours.has(name)) statusColours.set(name, Charts.colour(name) || Charts.colour("timeout"));
      return statusColours.get(name);
    };
    Charts.clipped(u, (ctx, ratio) => {
      const size = (dense ? 2.6 : 5) * ratio;
      const at = (ms, price) => [u.valToPos(ms, "x", true), u.valToPos(price, "y", true)];
      const place = (row, kind, ms, price, fill, stroke) => {
        const [x, y] = at(ms, price);
        shape(ctx, kind, x, y, kind === "dot" ? size * 0.85 : size);
        if (fill) { ctx.fillStyle = fill; ctx.fill(); }
        ctx.lineWidth = (fill ? 1 : 1.5) * ratio;
        ctx.strokeStyle = stroke;
        ctx.stroke();
        marks.push({ row, x: (x - u.bbox.left) / ratio, y: (y - u.bbox.top) / ratio });
      };
      if (!dense) {
        ctx.lineWidth = 1.5 * ratio;
        for (const row of rows) {
          if (columns.exit_ms[row] === null) continue;
          ctx.strokeStyle = statusColour(columns.status[row]);
          ctx.beginPath();
          ctx.moveTo(...at(columns.entry_ms[row], columns.entry_price[row]));
          ctx.lineTo(...at(columns.exit_ms[row], columns.exit_price[row]));
          ctx.stroke();
        }
      }
      // Exits last: their colours say more than the entries when marks lie close.
      const entryFill = dense ? Charts.colour("ink-3") : ink;
      for (const row of rows) {
        place(row, columns.direction[row] === "LONG" ? "up" : "down", columns.entry_ms[row], columns.entry_price[row], entryFill, paper);
      }
      for (const row of rows) {
        if (!dense && columns.tp1_ms[row] !== null) place(row, "diamond", columns.tp1_ms[row], columns.tp1_price[row], paper, statusColour("tp"));
        if (columns.exit_ms[row] !== null) place(row, "dot", columns.exit_ms[row], columns.exit_price[row], statusColour(columns.status[row]), paper);
      }
    });
  }

  function describe(columns, row) {
    const open = columns.exit_ms[row] === null;
    const tip = Charts.element("div", undefined, "tip");
    const head = Charts.element("p");
    head.append(Charts.element("b", `${columns.direction[row]} #${columns.trade_id[row]}`), ` score ${Format.number(columns.score[row], 1)} · `);
    if (open) head.append("still open");
    else head.append(`${columns.status[row]} · `, Charts.element("b", `${Format.number(columns.pnl_r[row], 2, true)} R`, columns.pnl_r[row] > 0 ? "gain" : columns.pnl_r[row] < 0 ? "loss" : ""));
    tip.append(head, Charts.element("p", `in ${Format.time(columns.entry_ms[row], true)} UTC at ${Format.exact(columns.entry_price[row])}`));
    if (columns.tp1_ms[row] !== null) tip.append(Charts.element("p", `TP1 ${Format.time(columns.tp1_ms[row], true)} UTC at ${Format.exact(columns.tp1_price[row])}`));
    if (!open) tip.append(Charts.element("p", `out ${Format.time(columns.exit_ms[row], true)} UTC at ${Format.exact(columns.exit_price[row])}, held ${Format.span(held(columns, row))}`));
    return tip;
  }

  /* Open a tooltip at the mark nearest to the pointer. */
  function bindTooltip(u, data) {
    let tip = null, shown = null;
    const close = () => { tip?.remove(); tip = null; shown = null; };
    u.over.addEventListener("mousemove", event => {
      const box = u.over.getBoundingClientRect();
      const x = event.clientX - box.left, y = event.clientY - box.top;
      let nearest = null, distance = REACH * REACH;
      for (const mark of marks) {
        const away = (mark.x - x) ** 2 + (mark.y - y) ** 2;
        if (away < distance) { nearest = mark; distance = away; }
      }
      if (!nearest) return close();
      if (shown !== nearest.row) {
        close();
        shown = nearest.row;
        tip = describe(data.columns, nearest.row);
        u.over.append(tip);
      }
      const left = nearest.x + 14 + tip.offsetWidth > box.width ? nearest.x - 14 - tip.offsetWidth : nearest.x + 14;
      tip.style.left = `${Math.max(0, Math.min(left, box.width - tip.offsetWidth))}px`;
      tip.style.top = `${Math.max(0, Math.min(nearest.y - tip.offsetHeight / 2, box.height - tip.offsetHeight))}px`;
      return undefined;
    });
    u.over.addEventListener("mouseleave", close);
  }

  const signed = (name, decimals) => (columns, row) => Format.number(columns[name][row], decimals, true);
  const COLUMNS = [
    { name: "trade_id", label: "No." },
    { name: "strategy", label: "Strategy", text: true, varying: true },
    { name: "symbol", label: "Symbol", text: true, varying: true },
    { name: "direction", label: "Side", text: true },
    { name: "score", label: "Score", show: (columns, row) => Format.number(columns.score[row], 1) },
    { name: "tier", label: "Tier", text: true },
    { name: "entry_ms", label: "Entry, UTC", show: (columns, row) => Format.time(columns.entry_ms[row], true) },
    { name: "entry_price", label: "Entry price", price: true },
    { name: "exit_ms", label: "Exit, UTC", show: (columns, row) => Format.time(columns.exit_ms[row], true) },
    { name: "exit_price", label: "Exit price", price: true },
    { name: "held", label: "Held", value: held, show: (columns, row) => Format.span(held(columns, row)) },
    { name: "status", label: "Status", text: true },
    { name: "pnl_r", label: "Net, R", show: signed("pnl_r", 3), sign: true },
    { name: "pnl_usdt", label: "Net, USDT", show: signed("pnl_usdt", 2), sign: true },
    { name: "gross_r", label: "Gross, R", show: signed("gross_r", 3) },
    { name: "fee_r", label: "Fees, R", show: (columns, row) => Format.number(columns.fee_r[row], 3) },
    { name: "funding_r", label: "Funding, R", show: signed("funding_r", 3) },
    { name: "qty", label: "Quantity", show: (columns, row) => Format.exact(columns.qty[row]) },
    { name: "sl_price", label: "Stop", price: true },
  ];

  /* Most decimals among the fills, so that a price column lines up; levels are unrounded and take the same. */
  function priceDecimals(columns, listed) {
    let most = 0;
    for (let row = 0; row < listed; row += 1) {
      const decimals = (String(columns.entry_price[row]).split(".")[1] || "").length;
      most = Math.max(most, decimals);
    }
    return Math.min(most, 8);
  }

  /* Fill the table; `onPick(row)` runs when a position's number is pressed. */
  function list(data, onPick) {
    const columns = data.columns, listed = data.listed;
    const table = document.getElementById("trades");
    const more = document.getElementById("more");
    const count = document.getElementById("trade-count");
    const decimals = priceDecimals(columns, listed);
    const used = COLUMNS.filter(column => !column.varying || new Set(columns[column.name]).size > 1);
    const valueOf = column => column.value || ((source, row) => source[column.name][row]);
    const order = Array.from({ length: listed }, (_, row) => row);
    let limit = FIRST_ROWS, sorted = null, descending = false;

    const head = table.createTHead().insertRow();
    const body = table.createTBody();
    for (const column of used) {
      const cell = Charts.element("th", undefined, column.text ? "left" : "");
      cell.scope = "col";
      const button = Charts.element("button", column.label);
      button.type = "button";
      button.addEventListener("click", () => sortBy(column));
      cell.append(button);
      head.append(cell);
    }

    function cellText(column, row) {
      if (column.price) return Format.number(columns[column.name][row], decimals);
      if (column.show) return column.show(columns, row);
      return columns[column.name][row] ?? Format.UNDEFINED;
    }

    function fill() {
      const rows = order.slice(0, limit).map(row => {
        const line = document.createElement("tr");
        for (const column of used) {
          const cell = document.createElement("td");
          if (column.text) cell.className = "left";
          if (column.sign) cell.className = columns[column.name][row] > 0 ? "gain" : columns[column.name][row] < 0 ? "loss" : "";
          if (column.name === "trade_id") {
            const button = Charts.element("button", String(columns.trade_id[row]));
            button.type = "button";
            button.title = "Show on the price chart";
            button.addEventListener("click", () => onPick(row));
            cell.append(button);
          } else {
            if (column.name === "status" && columns.status[row]) cell.append(Charts.element("span", "", `dot s-${columns.status[row]}`));
            cell.append(String(cellText(column, row)));
          }
          line.append(cell);
        }
        return line;
      });
      body.replaceChildren(...rows);
      more.hidden = limit >= listed;
      count.textContent = `${Format.number(Math.min(limit, listed), 0)} of ${Format.number(data.total, 0)} shown`;
    }

    function sortBy(column) {
      // Numbers start with the greatest, words with the first; absent values stay last either way.
      descending = sorted === column ? !descending : !column.text;
      sorted = column;
      const value = valueOf(column), direction = descending ? -1 : 1;
      order.sort((left, right) => {
        const a = value(columns, left) ?? null, b = value(columns, right) ?? null;
        if (a === null || b === null) return (a === null) - (b === null) || left - right;
        return a < b ? -direction : a > b ? direction : left - right;
      });
      used.forEach((other, index) => {
        if (other === column) {
          head.cells[index].setAttribute("aria-sort", descending ? "descending" : "ascending");
          head.cells[index].firstChild.textContent = `${other.label} ${descending ? "↓" : "↑"}`;
        } else {
          head.cells[index].removeAttribute("aria-sort");
          head.cells[index].firstChild.textContent = other.label;
        }
      });
      fill();
    }

    more.addEventListener("click", () => { limit = listed; fill(); });
    fill();
  }

  return { draw, bindTooltip, list };
})();
