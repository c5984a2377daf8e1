// The classes of a plane in colour, and a point on it that can be chosen.

const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#000000"];
const CELLS = 60;

/**
 * Fills the canvas; returns a function that marks a point on it.
 *
 * A click calls `choose` with the point.
 */
export function plane(canvas, model, ask, choose) {
  const context = canvas.getContext("2d");
  const [[left, right], [bottom, top]] = model.plane;
  const at = (x, y) => [left + x * (right - left), top - y * (top - bottom)];
  let backdrop = null;
  let marked = null;

  function draw() {
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingEnabled = false;
    if (backdrop) context.drawImage(backdrop, 0, 0, canvas.width, canvas.height);
    if (!marked) return;
    const x = ((marked[0] - left) / (right - left)) * canvas.width;
    const y = ((top - marked[1]) / (top - bottom)) * canvas.height;
    context.beginPath();
    context.arc(x, y, 6, 0, 2 * Math.PI);
    context.fillStyle = "black";
    context.strokeStyle = "white";
    context.lineWidth = 2;
    context.fill();
    context.stroke();
  }

  async function colour() {
    const places = Array.from({ length: CELLS }, (_, place) => (place + 0.5) / CELLS);
    const { predictions } = await ask({ rows: places.flatMap((y) => places.map((x) => at(x, y))) });
    const cells = new OffscreenCanvas(CELLS, CELLS);
    const paint = cells.getContext("2d");
    predictions.forEach((prediction, place) => {
      paint.fillStyle = COLOURS[model.class_names.indexOf(prediction.class) % COLOURS.length];
      paint.globalAlpha = 0.2 + 0.5 * prediction.probabilities[prediction.class];
      paint.fillRect(place % CELLS, Math.floor(place / CELLS), 1, 1);
    });
    backdrop = cells;
    draw();
  }

  canvas.addEventListener("click", (event) => {
    const place = canvas.getBoundingClientRect();
    const point = at((event.clientX - place.left) / place.width, (event.clientY - place.top) / place.height);
    choose(point.map((value) => Number(value.toPrecision(4))));
  });
  colour();
  return (point) => {
    marked = point;
    draw();
  };
}
