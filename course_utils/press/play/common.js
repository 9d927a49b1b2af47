// What all pages of the playground share. Models and the runtime lie beside the page as packed text, since a page that
// is opened from a disk may not fetch files.
const $ = id => document.getElementById(id);
const playground = { ready: false, redraws: 0, last: null };  // what tests look at
window.playground = playground;

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function model(name) {
  if (!ort.env.wasm.wasmBinary) {
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmBinary = (await unpacked(PACKED.runtime)).buffer;
  }
  return ort.InferenceSession.create(await unpacked(PACKED.models[name]), { executionProviders: ["wasm"] });
}

async function run(session, feeds) {  // {input: [data, shape]} -> Float32Array; labels are integers
  const tensors = {};
  for (const [name, [data, shape]] of Object.entries(feeds))
    tensors[name] = new ort.Tensor(data instanceof Int32Array ? "int32" : "float32", data, shape);
  const made = await session.run(tensors);
  return made[session.outputNames[0]].data;
}

// Numbers from a seed, the same in every browser.
function random(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal, normals: n => Float32Array.from({ length: n }, normal) };
}

// Images (n, h, w, c) side by side; grey ones as dark ink on light paper. `low` is the darkest value of the data.
function draw(canvas, data, [n, h, w, c], columns, low = -1) {
  const rows = Math.ceil(n / columns), gap = n > 1 ? 2 : 0;
  canvas.width = columns * (w + gap) - gap;
  canvas.height = rows * (h + gap) - gap;
  const context = canvas.getContext("2d"), page = context.createImageData(canvas.width, canvas.height);
  page.data.fill(255);
  for (let i = 0; i < n; i++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) {
        const to = 4 * ((Math.floor(i / columns) * (h + gap) + y) * canvas.width + (i % columns) * (w + gap) + x);
        for (let k = 0; k < 3; k++) {
          const value = (data[((i * h + y) * w + x) * c + (c === 3 ? k : 0)] - low) / (1 - low);
          page.data[to + k] = 255 * Math.min(1, Math.max(0, c === 3 ? value : 1 - value));
        }
      }
  context.putImageData(page, 0, 0);
}

// Runs the newest request only: a finger is faster than a network.
function latest(work) {
  let running = false, again = false;
  return async function request() {
    if (running) { again = true; return; }
    running = true;
    do {
      again = false;
      await work();
      playground.redraws += 1;
      await new Promise(requestAnimationFrame);
    } while (again);
    running = false;
  };
}

// A point in a plane that follows the finger, and the arrow keys.
function plane(canvas, limit, moved) {
  const point = { x: 0, y: 0 };
  const place = event => {
    const box = canvas.getBoundingClientRect();
    point.x = limit * (2 * (event.clientX - box.left) / box.width - 1);
    point.y = limit * (1 - 2 * (event.clientY - box.top) / box.height);
    moved(point);
  };
  canvas.addEventListener("pointerdown", event => { canvas.setPointerCapture(event.pointerId); place(event); });
  canvas.addEventListener("pointermove", event => { if (event.buttons || event.pointerType === "mouse") place(event); });
  canvas.addEventListener("keydown", event => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    point.x = Math.max(-limit, Math.min(limit, point.x + step[0] * limit / 40));
    point.y = Math.max(-limit, Math.min(limit, point.y + step[1] * limit / 40));
    moved(point);
  });
  return point;
}

function cross(context, size, limit, point) {
  const x = size * (point.x / limit + 1) / 2, y = size * (1 - point.y / limit) / 2;
  context.beginPath();
  context.arc(x, y, 9, 0, 7);
  context.lineWidth = 4;
  context.strokeStyle = "#d55e00";
  context.stroke();
}

function say(text) { $("said").textContent = text; }

function begin(start) {
  start().then(() => { playground.ready = true; document.body.classList.add("ready"); })
    .catch(error => say(`This browser could not start the network: ${error.message ?? error}`));
}
