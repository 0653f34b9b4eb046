// Starts the page: loads the files that the build named in <meta name="warren-page">.
// A file of its own because the Content-Security-Policy allows no inline script.
//
// The page's code is in parts (see src/xtask/split/parts.rs). The first one shows the first picture. The next one, which plays the first lesson, is
// fetched as soon as that stands; what plays all else at the first touch of the page, or before anything is seen where it is known to be wanted;
// Lua when a script wants it. What a person does before its part is there waits in the page, which asks for it by warrenWant; a script's call, which cannot wait, loads it by
// warrenLoadPart. A build for developers has one part only.
const built = document.querySelector('meta[name="warren-page"]').dataset;
const files = [built.wasm, ...(built.later?.split(" ") ?? [])];
const last = Math.max(0, files.length - 2); // the very last is for scripts in Lua: it comes when the first of them runs
const address = (name) => new URL(name, document.baseURI).href;

let page; // what the page offers to this script
let first; // what the first part offers to the others
let there = 0; // so many parts are there beside it
const modules = []; // the parts on their way
const join = (at, module) => {
  if (there + 1 !== at) return;
  // A function is named by its place in the table that all parts share, as a number of base 36.
  const p = {};
  for (const { name, kind } of WebAssembly.Module.imports(module)) {
    p[name] = kind === "function" ? first.table.get(parseInt(name, 36)) : first[name];
  }
  new WebAssembly.Instance(module, { p });
  there = at;
};
let styled;
const style = () => {
  if (styled) return;
  styled = document.createElement("link");
  styled.rel = "stylesheet";
  styled.href = address(`./panels_rest.css?${built.js}`); // no browser's cache holds it for another build
  document.head.append(styled);
};
const fetchPart = (at) => {
  if (at === last) style(); // what it shows has a style sheet of its own
  return (modules[at] ??= fetch(address(files[at]))
    .then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(Error(`${answer.url}: ${answer.status}`))))
    .then(WebAssembly.compile)
    .catch((error) => {
      modules[at] = undefined; // so that it can be tried again
      throw error;
    }));
};

// Loads so many parts beside the first.
async function load(count) {
  const missing = [...files.keys()].slice(there + 1, count + 1);
  const coming = await Promise.all(missing.map(fetchPart));
  missing.forEach((at, place) => join(at, coming[place]));
}

// Called by the page when something needs parts that may not be there; it hears what came of it.
window.warrenWant = (count) => {
  load(count).then(
    () => page.loaded(last ? there : count),
    (error) => {
      console.error(error);
      page.not_loaded();
    },
  );
};

// Called by a part in the middle of its work, where nothing can be awaited.
window.warrenLoadPart = (count) => {
  for (let at = there + 1; at <= Math.min(count, files.length - 1); at++) {
    if (at === last) style();
    const request = new XMLHttpRequest();
    request.open("GET", address(files[at]), false);
    request.overrideMimeType("text/plain; charset=x-user-defined"); // every byte as it is
    request.send();
    if (request.status !== 200) throw new Error(`${files[at]}: ${request.status} ${request.statusText}`);
    join(at, new WebAssembly.Module(Uint8Array.from(request.responseText, (letter) => letter.charCodeAt(0) & 255)));
    setTimeout(() => page.loaded(at));
  }
};

// A link and Chinese want everything.
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
  const early = (whole ? files : [built.wasm]).map((_, at) => fetchPart(at));
  let module;
  [page, module] = await Promise.all([import(address(built.js)), ...early]);
  first = page.initSync({ module });
  if (whole) await load(last);
  page.open(!last ? 99 : whole ? last : 0);
  if (whole || !last) return;
  setTimeout(() => window.warrenWant(1));
  // Whoever touches the page is about to want more than to see the first lesson.
  const touched = () => window.warrenWant(last);
  for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, touched, { once: true, capture: true });
}

start().catch((error) => {
  console.error(error);
  const line = document.getElementById("loading");
  if (line) line.textContent = `Warren could not start. Warren 无法启动。 (${error})`;
});
