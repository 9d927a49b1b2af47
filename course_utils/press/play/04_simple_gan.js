// A recorded game on eight Gaussians: the cloud of the generator and the critic's answers, frame by frame.
const SIZE = 460, LIMIT = CONSTANTS.limit;

begin(async () => {
  const canvas = $("ring"), context = canvas.getContext("2d"), slider = $("frame"), play = $("play");
  let run = "healthy", timer = null;
  const bytes = {};
  for (const name of Object.keys(CONSTANTS.runs)) bytes[name] = new Int8Array((await unpacked(PACKED.models[name])).buffer);
  const { frames, points, side } = CONSTANTS;
  slider.max = frames - 1;
  const show = latest(async () => {
    const k = Number(slider.value), data = bytes[run], size = side * side + 2 * points;
    const frame = data.subarray(k * size, (k + 1) * size), cell = SIZE / side;
    for (let i = 0; i < side * side; i++) {
      const q = frame[i] / 127;  // 2 D − 1: 1 is surely real, −1 surely fake
      context.fillStyle = q > 0 ? `rgb(${255 - 110 * q}, ${255 - 60 * q}, 255)` : `rgb(255, ${255 + 70 * q}, ${255 + 150 * q})`;
      context.fillRect((i % side) * cell, (side - 1 - Math.floor(i / side)) * cell, cell + 1, cell + 1);
    }
    const dot = (x, y, colour, radius) => {
      context.beginPath();
      context.arc(SIZE * (x / LIMIT + 1) / 2, SIZE * (1 - y / LIMIT) / 2, radius, 0, 7);
      context.fillStyle = colour;
      context.fill();
    };
    for (const [x, y] of CONSTANTS.centers) dot(x, y, "#1c1c1c", 5);
    let near = new Set();
    for (let i = 0; i < points; i++) {
      const x = frame[side * side + 2 * i] * LIMIT / 127, y = frame[side * side + 2 * i + 1] * LIMIT / 127;
      CONSTANTS.centers.forEach(([a, b], m) => { if (Math.hypot(x - a, y - b) < CONSTANTS.radius) near.add(m); });
      dot(x, y, "#d55e00", 2.5);
    }
    playground.last = frame;
    say(`iteration ${CONSTANTS.runs[run][k]}: ${near.size} of ${CONSTANTS.centers.length} spots have a sample nearby`);
  });
  slider.oninput = show;
  const stop = () => { clearInterval(timer); timer = null; play.textContent = "Play"; };
  play.onclick = () => {
    if (timer) return stop();
    play.textContent = "Pause";
    if (Number(slider.value) >= frames - 1) slider.value = 0;
    timer = setInterval(() => {
      slider.value = Number(slider.value) + 1;
      show();
      if (Number(slider.value) >= frames - 1) stop();
    }, 120);
  };
  for (const button of document.querySelectorAll("[data-run]")) button.onclick = () => {
    run = button.dataset.run;
    for (const other of document.querySelectorAll("[data-run]")) other.setAttribute("aria-pressed", other === button);
    show();
  };
  playground.set = async value => { slider.value = value; await show(); };
  await show();
});
