// A canvas to draw on, and how a drawing becomes an image like those of the data.

const SIDE = 280;
const PEN = 0.085; // of the longer side, as MNIST's strokes are

/** Sets up the canvas, the tools beside it and the file; `show` is given what to ask, `clear` ends it. */
export function drawing(model, show, clear) {
  const [canvas, dark, file, seen] = ["canvas", "dark", "file", "seen"].map((id) => document.getElementById(id));
  const longer = Math.max(model.width, model.height);
  canvas.width = Math.round((SIDE * model.width) / longer);
  canvas.height = Math.round((SIDE * model.height) / longer);
  const context = canvas.getContext("2d", { willReadFrequently: true });

  function empty() {
    context.fillStyle = dark.checked ? "white" : "black";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.strokeStyle = dark.checked ? "black" : "white";
    context.lineWidth = PEN * Math.max(canvas.width, canvas.height);
    context.lineCap = context.lineJoin = "round";
    seen.hidden = true;
    file.value = "";
    clear();
  }

  function send(url) {
    seen.src = url;
    seen.hidden = false;
    show({ image: url.slice(url.indexOf(",") + 1) });
  }

  onStrokes(canvas, context, () => send(model.resize ? canvas.toDataURL() : picture(model, context, dark.checked)));
  document.getElementById("clear").addEventListener("click", empty);
  dark.addEventListener("change", empty);
  file.addEventListener("change", () => {
    if (!file.files.length) return;
    const reader = new FileReader();
    reader.addEventListener("load", () => send(reader.result));
    reader.readAsDataURL(file.files[0]);
  });
  empty();
}

/** Draws what the pointer draws; `done` is called at the end of each stroke. */
function onStrokes(canvas, context, done) {
  let from = null;

  function line(event) {
    const place = canvas.getBoundingClientRect();
    const x = ((event.clientX - place.left) / place.width) * canvas.width;
    const y = ((event.clientY - place.top) / place.height) * canvas.height;
    context.beginPath();
    context.moveTo(...(from ?? [x, y]));
    context.lineTo(x, y);
    context.stroke();
    from = [x, y];
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    line(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (from) line(event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      if (from) done();
      from = null;
    });
  }
}

/** The drawing at the size of the model, as a PNG's address. */
function picture(model, context, inverted) {
  const { width, height } = context.canvas;
  const ink = inked(context.getImageData(0, 0, width, height), inverted);
  const small = model.centred
    ? centred(ink, width, height)
    : shrunk(shrunk(ink, width, height, model.width), height, model.width, model.height);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [model.width, model.height];
  const image = new ImageData(model.width, model.height);
  // MNIST is white on black, however it was drawn.
  const flip = inverted && !model.centred;
  small.forEach((value, place) => image.data.fill(flip ? 255 - value : value, 4 * place, 4 * place + 3));
  small.forEach((_, place) => (image.data[4 * place + 3] = 255));
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas.toDataURL();
}

/** How much ink there is on each pixel, from 0 to 255. */
function inked({ data }, inverted) {
  return Float64Array.from({ length: data.length / 4 }, (_, place) => (inverted ? 255 - data[4 * place] : data[4 * place]));
}

/**
 * A drawing as MNIST's digits were made: its longer side brought to 20 pixels, placed in 28 by 28 with its centre of
 * mass in the middle.
 */
function centred(ink, width, height) {
  const field = new Float64Array(28 * 28);
  const box = bounds(ink, width, height);
  if (!box) return field;
  const cut = Float64Array.from({ length: box.width * box.height }, (_, place) => {
    const [x, y] = [box.left + (place % box.width), box.top + Math.floor(place / box.width)];
    return ink[y * width + x];
  });
  const scale = 20 / Math.max(box.width, box.height);
  const [columns, rows] = [box.width, box.height].map((side) => Math.max(1, Math.round(side * scale)));
  const small = shrunk(shrunk(cut, box.width, box.height, columns), box.height, columns, rows);
  let [mass, x, y] = [0, 0, 0];
  small.forEach((value, place) => {
    mass += value;
    x += value * ((place % columns) + 0.5);
    y += value * (Math.floor(place / columns) + 0.5);
  });
  const left = Math.min(Math.max(Math.round(14 - x / mass), 0), 28 - columns);
  const top = Math.min(Math.max(Math.round(14 - y / mass), 0), 28 - rows);
  small.forEach((value, place) => {
    field[(top + Math.floor(place / columns)) * 28 + left + (place % columns)] = value;
  });
  return field;
}

function bounds(ink, width, height) {
  let [left, right, top, bottom] = [width, -1, height, -1];
  ink.forEach((value, place) => {
    if (!value) return;
    const [x, y] = [place % width, Math.floor(place / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  });
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Rows of `width` pixels brought to `columns` by the mean over area, and turned: column by column. Twice is upright. */
function shrunk(values, width, height, columns) {
  const turned = new Float64Array(columns * height);
  for (let column = 0; column < columns; column += 1) {
    const [from, to] = [(column * width) / columns, ((column + 1) * width) / columns];
    for (let y = 0; y < height; y += 1) {
      let sum = 0;
      for (let x = Math.floor(from); x < to; x += 1) {
        sum += values[y * width + x] * (Math.min(x + 1, to) - Math.max(x, from));
      }
      turned[column * height + y] = sum / (to - from);
    }
  }
  return turned;
}
