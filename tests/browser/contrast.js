// Texts whose contrast is below 4.5 : 1 (WCAG 2.2, 1.4.3); dashes that stand for nothing are left out.
() => {
  const numbers = (text) => (text.match(/[0-9.]+/g) ?? []).map(Number);
  const linear = (share) => (share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
  const light = (colour) => colour.slice(0, 3).map((one) => linear(one / 255))
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if ((colour[3] ?? 1) > 0.9) return colour;
    }
    return [255, 255, 255];
  };
  const low = new Set();
  for (const one of document.querySelectorAll("#picture *, .top *, #desk *")) {
    const says = [...one.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
    if (!says || one.classList.contains("none") || one.tagName === "OPTION") continue;
    const [front, back] = [light(numbers(getComputedStyle(one).color)), light(behind(one))];
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < 4.5) low.add(`${one.tagName}.${one.className} ${ratio.toFixed(2)}`);
  }
  return [...low];
}
