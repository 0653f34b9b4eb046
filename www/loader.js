// Starts the page: loads the two files that the build named in <meta name="warren-page">.
// A file of its own because the Content-Security-Policy allows no inline script.
const built = document.querySelector('meta[name="warren-page"]').dataset;
const file = (name) => new URL(name, document.baseURI).href;
import(file(built.js))
  .then((page) => page.default({ module_or_path: file(built.wasm) }))
  .catch((error) => {
    console.error(error);
    const line = document.getElementById("loading");
    if (line) line.textContent = `Warren could not start. Warren 无法启动。 (${error})`;
  });
