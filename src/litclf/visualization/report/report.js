"use strict";
{
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const settings = { responsive: true, displayModeBar: false };
  const figures = read("figures-data");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 40rem)");

  // Charts are drawn by script: they take their colours and their room from the page by it too.
  const fitted = (layout) => {
    const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const lines = { gridcolor: color("--line"), linecolor: color("--line") };
    const own = structuredClone(layout);
    own.font.color = color("--ink");
    own.hoverlabel = { bgcolor: color("--paper"), font: { color: color("--ink") } };
    Object.assign(own.xaxis, lines);
    Object.assign(own.yaxis, lines);
    if (narrow.matches) {
      Object.assign(own.margin, { l: 50, r: 5, t: 30 });
      Object.assign(own.legend, { y: -95 / (own.height - own.margin.t - own.margin.b), yanchor: "top" });
    }
    return own;
  };
  const draw = () => figures.forEach(({ name, data, layout }) => Plotly.react(`chart-${name}`, data, fitted(layout), settings));
  draw();
  for (const query of [dark, narrow]) query.addEventListener("change", draw);

  // A member's curves light up while its row is pointed at or has the focus, and stay lit once it is chosen.
  const curves = figures.filter(({ data }) => data.some(({ meta }) => meta?.touched));
  const light = (row) => {
    const member = Number(row?.dataset.member);
    for (const { name, data } of curves) {
      data.forEach((trace, place) => {
        const lines = data.find(({ meta }) => meta?.points && meta.stage === trace.meta?.touched);
        if (!lines) return;
        const first = member * (lines.meta.points + 1);
        const slice = (values) => values.slice(first, first + lines.meta.points);
        Object.assign(trace, row ? { x: slice(lines.x), y: slice(lines.y), visible: true } : { visible: false });
        Plotly.restyle(`chart-${name}`, { x: [trace.x], y: [trace.y], visible: trace.visible }, [place]);
      });
    }
    if (row) document.getElementById("lit").textContent = `Lit: ${row.dataset.lit}.`;
  };
  const rows = [...document.querySelectorAll("[data-member]")];
  let chosen = null;
  const choose = (row) => {
    chosen = row === chosen ? null : row;
    for (const other of rows) {
      other.classList.toggle("chosen", other === chosen);
      other.querySelector("button").setAttribute("aria-pressed", String(other === chosen));
    }
    light(chosen ?? row);
  };
  for (const row of rows) {
    for (const event of ["pointerenter", "focusin"]) row.addEventListener(event, () => light(row));
    for (const event of ["pointerleave", "focusout"]) row.addEventListener(event, () => light(chosen));
    row.addEventListener("click", () => choose(row));
  }

  for (const button of document.querySelectorAll("[data-sort]")) {
    const column = Number(button.dataset.sort);
    const text = (row) => row.children[column].textContent.trim();
    const value = (row) => Number.parseFloat(text(row));
    const isText = button.parentNode.classList.contains("words");
    button.addEventListener("click", () => {
      const table = button.closest("table");
      const sign = button.dataset.order === "up" ? -1 : 1;
      for (const other of table.querySelectorAll("[data-sort]")) {
        delete other.dataset.order;
        other.parentNode.removeAttribute("aria-sort");
      }
      button.dataset.order = sign === 1 ? "up" : "down";
      button.parentNode.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      const byText = (a, b) => sign * text(a).localeCompare(text(b), undefined, { numeric: true });
      // What is no number comes last either way.
      const byNumber = (a, b) => Number.isNaN(value(a)) - Number.isNaN(value(b)) || sign * (value(a) - value(b)) || 0;
      const [body] = table.tBodies;
      body.append(...[...body.rows].sort(isText ? byText : byNumber));
    });
  }

  // A table that reaches over its edge fades out there, until it is scrolled to the end.
  const fade = (wide) => wide.classList.toggle("more", wide.scrollLeft + wide.clientWidth < wide.scrollWidth - 1);
  const resized = new ResizeObserver((entries) => entries.forEach(({ target }) => fade(target)));
  document.querySelectorAll(".wide").forEach((wide) => {
    wide.addEventListener("scroll", () => fade(wide), { passive: true });
    resized.observe(wide);
  });

  const { names, kind, columns, cells } = read("samples-data");

  // All text goes in as text nodes, so that names that look like HTML stay names.
  const make = (tag, ...children) => {
    const node = document.createElement(tag);
    node.append(...children);
    return node;
  };
  const row = (tag, values) => make("tr", ...values.map((value) => make(tag, value)));
  const percent = (share) => (share === null ? "not a number" : `${(100 * share).toFixed(1)} %`);
  const rounded = (value) => (typeof value === "string" ? value : String(Number(value.toPrecision(4))));
  const number = (value) => (value === null ? "not a number" : rounded(value));
  const name = (index) => names[index] ?? String(index);

  const pictures = (samples) => {
    const figures = samples.map((sample) => {
      const image = make("img");
      image.src = sample.image;
      image.alt = `Test sample ${sample.index}`;
      return make("figure", image, make("figcaption", `sample ${sample.index}`, make("br"), percent(sample.probability)));
    });
    const grid = make("div", ...figures);
    grid.className = "thumbs";
    return grid;
  };

  const table = (samples) => {
    const head = make("thead", row("th", ["sample", "probability", ...columns]));
    const rows = samples.map((sample) =>
      row("td", [String(sample.index), percent(sample.probability), ...sample.values.map(number)]),
    );
    const wide = make("div", make("table", head, make("tbody", ...rows)));
    wide.className = "wide";
    return wide;
  };

  const panel = document.getElementById("samples");
  const buttons = document.querySelectorAll("[data-cell]");
  const open = (button) => {
    const [target, predicted] = button.dataset.cell.split(",");
    const samples = cells[button.dataset.cell];
    const heading = make("h3", "true ", make("b", name(target)), ", predicted ", make("b", name(predicted)));
    const note = make("p", `${samples.length} of ${button.dataset.count}, with the probability of ${name(predicted)}`);
    note.className = "note";
    panel.replaceChildren(heading, note, kind === "image" ? pictures(samples) : table(samples));
    buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    panel.scrollIntoView({ block: "nearest" });
  };
  buttons.forEach((button) => button.addEventListener("click", () => open(button)));
}
