import { drawing } from "./draw.js";
import { plane } from "./plane.js";

const MOST_BARS = 20;

const find = (id) => document.getElementById(id);
const model = JSON.parse(find("model").textContent);
let last = 0;

async function ask(body) {
  const answer = await fetch("/predict", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.detail);
  return content;
}

/** Asks, and shows the answer, unless something newer has been asked since. */
async function show(body) {
  const own = ++last;
  let content = { predictions: [] };
  let problem = "";
  try {
    content = await ask(body);
  } catch (error) {
    problem = error.message;
  }
  if (own === last) tell(content.predictions[0], problem || (content.notes ?? []).join("\n"));
}

function clear() {
  last += 1;
  tell(undefined, "");
}

function tell(prediction, problem) {
  find("class").textContent = prediction?.class ?? "\u00a0";
  if (model.members) find("agreement").textContent = agreement(prediction);
  find("problem").textContent = problem;
  const shares = Object.entries(prediction?.probabilities ?? {});
  // A handful stays in its order; of many the likely ones are what one looks for.
  if (shares.length > MOST_BARS) shares.sort((a, b) => b[1] - a[1]);
  find("bars").replaceChildren(...shares.slice(0, MOST_BARS).map(([name, share]) => bar(name, share)));
}

/** How many members say so, and how far they are apart. */
function agreement(prediction) {
  if (!prediction) return "\u00a0";
  const agreeing = Math.round(prediction.agreement * model.members);
  return `${agreeing} of ${model.members} members agree, probability ± ${(100 * prediction.deviation).toFixed(1)} %`;
}

function bar(name, share) {
  const [line, label, length, value] = ["li", "span", "progress", "output"].map((tag) => document.createElement(tag));
  label.textContent = name;
  length.value = share;
  length.setAttribute("aria-label", name);
  value.textContent = `${(100 * share).toFixed(1)} %`;
  line.append(label, length, value);
  return line;
}

/** The values of the form, in the order of the columns; an empty field is a missing value. */
function row() {
  return model.fields.map((field, place) => {
    const { value } = find("row").elements[place];
    if (field.categories) return field.categories[Number(value)];
    return value === "" ? null : Number(value);
  });
}

function start() {
  if (model.kind === "image") {
    drawing(model, show, clear);
    return;
  }
  const form = find("row");
  const mark = model.plane ? plane(find("plane"), model, ask, choose) : () => {};
  function choose(values) {
    values.forEach((value, place) => (form.elements[place].value = value));
    form.requestSubmit();
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    mark(row());
    show({ row: row() });
  });
}

start();
