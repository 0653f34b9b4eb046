// Starts the page: loads the files that the build named in <meta name="warren-page">.
// A file of its own because the Content-Security-Policy allows no inline script.
//
// The page's code is in two files (see src/xtask/split.rs). The first one opens and plays a lesson. The second one, "rest", is fetched at the first
// touch of the page, or at once where it is known to be wanted. Should something need it sooner, the page waits for it. A build for developers has no second file.
const built = document.querySelector('meta[name="warren-page"]').dataset;
const file = (name) => new URL(name, document.baseURI).href;

let first; // what the first file offers to the second
let rest; // the second file, once it is there
const join = (module) => {
  rest ??= new WebAssembly.Instance(module, { p: first });
};
let styled;
const style = () => {
  if (styled) return;
  styled = document.createElement("link");
  styled.rel = "stylesheet";
  styled.href = file(`./store_rest.css?${built.js}`); // no browser's cache holds it for another build
  document.head.append(styled);
};
let fetched;
const fetchRest = () => {
  style();
  fetched ??= fetch(file(built.rest)).then((answer) => answer.arrayBuffer()).then(WebAssembly.compile);
  return fetched;
};

// Called by the first file in the middle of its work, where nothing can be awaited.
window.warrenLoadRest = () => {
  if (rest || !built.rest) return;
  style();
  const request = new XMLHttpRequest();
  request.open("GET", file(built.rest), false);
  request.overrideMimeType("text/plain; charset=x-user-defined"); // every byte as it is
  request.send();
  if (request.status !== 200) throw new Error(`${built.rest}: ${request.status} ${request.statusText}`);
  join(new WebAssembly.Module(Uint8Array.from(request.responseText, (letter) => letter.charCodeAt(0) & 255)));
};

// A link and Chinese want both files.
function wantsWhole() {
  let language;
  try {
    language = localStorage.getItem("language");
  } catch {
    // A browser that remembers nothing.
  }
  return location.hash.includes("=") || (language ?? navigator.language).startsWith("zh");
}

async function start() {
  const whole = wantsWhole();
  if (!built.rest) style();
  else if (whole) fetchRest();
  const page = await import(file(built.js));
  first = await page.default({ module_or_path: file(built.wasm) });
  if (built.rest && whole) join(await fetchRest());
  page.open(whole);
  // Whoever touches the page is about to want more than the first picture.
  const touched = () => built.rest && fetchRest().then(join, console.error);
  for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, touched, { once: true, capture: true });
}

start().catch((error) => {
  console.error(error);
  const line = document.getElementById("loading");
  if (line) line.textContent = `Warren could not start. Warren 无法启动。 (${error})`;
});
