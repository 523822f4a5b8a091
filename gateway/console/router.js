// Addresses: every page has one, Back and reload work, and a link of this console changes the page without loading it anew.

const BASE = "/console/";
const listeners = new Set();

/** Where the browser is: the words of the path, the query and the fragment. */
export function place() {
  const words = location.pathname.slice(BASE.length).split("/").filter(Boolean).map(decodeURIComponent);
  return { words, query: new URLSearchParams(location.search), fragment: location.hash.slice(1) };
}

/** The address of a page. */
export function address(...words) {
  return BASE + words.map(encodeURIComponent).join("/");
}

/** Goes to an address of this console; with `replace` Back leads past where the browser is now. */
export function go(to, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  tell();
}

/** Has a listener told whenever the address changes. */
export function onMove(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell() {
  for (const listener of listeners) listener();
}

addEventListener("popstate", tell);
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const to = new URL(link.href);
  const isHere = to.pathname === location.pathname && to.search === location.search;
  if (to.origin !== location.origin || !to.pathname.startsWith(BASE) || isHere || link.hasAttribute("download")) return;
  event.preventDefault();
  go(to.pathname + to.search + to.hash);
  scrollTo(0, 0);
});
