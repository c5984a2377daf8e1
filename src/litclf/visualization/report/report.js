"use strict";
{
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const settings = { responsive: true, displayModeBar: false };
  for (const figure of read("figures-data")) {
    Plotly.newPlot(`chart-${figure.name}`, figure.data, figure.layout, settings);
  }

  const { names, kind, columns, cells } = read("samples-data");

  // All text goes in as text nodes, so that names that look like HTML stay names.
  const make = (tag, ...children) => {
    const node = document.createElement(tag);
    node.append(...children);
    return node;
  };
  const row = (tag, values) => make("tr", ...values.map((value) => make(tag, value)));
  const percent = (share) => (share === null ? "not a number" : `${(100 * share).toFixed(1)} %`);
  const number = (value) => (value === null ? "not a number" : String(Number(value.toPrecision(4))));
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
