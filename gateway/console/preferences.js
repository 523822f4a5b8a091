// What a browser remembers between visits: language, zone and when its owner last looked. Nothing that anybody said.

const KEY = "tongguan";

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}

/** A preference, or what is usual where none was chosen. */
export function preference(name, usual) {
  const known = read()[name];
  return typeof known === typeof usual ? known : usual;
}

/** Keeps a preference; a browser that keeps nothing asks again next time. */
export function keepPreference(name, chosen) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...read(), [name]: chosen }));
  } catch {
    // Storage is switched off: the choice holds for this visit.
  }
}
