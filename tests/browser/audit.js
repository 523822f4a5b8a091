// What a screen reader would trip over; an empty list where nothing is wrong.
() => {
  const wrong = [];
  const all = (wanted) => [...document.querySelectorAll(wanted)];
  for (const one of all("input, select, textarea")) {
    if (!one.labels.length || !one.labels[0].textContent.trim()) wrong.push(`no label: ${one.id}`);
  }
  for (const one of all("button, a")) {
    if (!(one.getAttribute("aria-label") ?? one.textContent).trim()) wrong.push(`no name: ${one.outerHTML}`);
  }
  for (const one of all("table")) if (!one.caption?.textContent) wrong.push("a table without a caption");
  for (const one of all("thead th")) if (one.scope !== "col") wrong.push("a heading without scope");
  const ids = all("[id]").map((one) => one.id);
  if (new Set(ids).size !== ids.length) wrong.push("an id stands twice");
  for (const one of all("a[href^='#']")) {
    const target = one.getAttribute("href").slice(1);
    if (!document.getElementById(target)) wrong.push(`leads nowhere: ${target}`);
  }
  let level = 1;
  for (const one of all("#picture h1, #picture h2, #picture h3")) {
    const now = Number(one.tagName[1]);
    if (now > level + 1) wrong.push(`heading ${one.textContent} skips a level`);
    level = now;
  }
  return wrong;
}
