// What a screen reader, a keyboard and weak eyes need, checked in the page itself. Runs in the browser: no names from outside.

/** Everything that is wrong, in words. */
export function audit() {
  const wrong = [];
  const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
  const named = (e) => {
    const by = e.getAttribute("aria-labelledby");
    const label = e.labels?.length ? [...e.labels].map((l) => l.textContent).join(" ") : "";
    return [e.getAttribute("aria-label"), by && document.getElementById(by)?.textContent, label, e.textContent, e.title].some((t) => t?.trim());
  };
  const where = (e) => `${e.tagName.toLowerCase()} "${(e.getAttribute("aria-label") ?? e.textContent ?? "").trim().slice(0, 40)}"`;
  if (!document.documentElement.lang) wrong.push("the page has no language");
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids.filter((x, n) => ids.indexOf(x) !== n))) wrong.push(`id ${id} twice`);
  for (const e of document.querySelectorAll("button, input, select, textarea, a, summary, [tabindex], [role=img], [role=group], [role=toolbar], section")) {
    if (shown(e) && !named(e)) wrong.push(`no name: ${where(e)} ${e.outerHTML.slice(0, 80)}`);
  }
  for (const attribute of ["aria-controls", "aria-activedescendant", "aria-labelledby"]) {
    for (const e of document.querySelectorAll(`[${attribute}]`)) if (!document.getElementById(e.getAttribute(attribute))) wrong.push(`${attribute} of ${where(e)} leads nowhere`);
  }
  const regions = [...document.querySelectorAll("section[aria-label]")].map((e) => e.getAttribute("aria-label"));
  for (const name of new Set(regions.filter((x, n) => regions.indexOf(x) !== n))) wrong.push(`two regions ${name}`);
  let level = 0;
  for (const h of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const n = Number(h.tagName[1]);
    if (n > level + 1) wrong.push(`heading ${where(h)} skips a level`);
    level = n;
  }
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
  for (const th of document.querySelectorAll("th:not([scope])")) wrong.push(`no scope: ${where(th)}`);
  for (const e of document.querySelectorAll("ul, ol")) {
    if ([...e.children].some((c) => c.tagName !== "LI")) wrong.push(`${where(e)} holds more than items`);
  }
  for (const e of document.querySelectorAll("*")) {
    const style = getComputedStyle(e);
    if (shown(e) && /auto|scroll/.test(style.overflowX) && e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0 && !e.querySelector("button, a, input")) wrong.push(`cannot be scrolled by keys: ${where(e)}`);
  }
  // WCAG 2.2: 1.4.3 contrast, 2.5.8 size of targets.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = (c) => {
    const [r, g, b] = [0, 1, 2].map((n) => c[n] / 255).map((x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const c = rgba(getComputedStyle(at).backgroundColor);
      if (c[3] === 255) return c;
    }
    return rgba("Canvas");
  };
  const seen = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(e) || e.closest(":disabled, .hidden, option, script, style")) continue;
    const style = getComputedStyle(e);
    const ink = e.closest("svg") ? style.fill : style.color;
    const [x, y] = [luminance(rgba(ink)), luminance(ground(e))];
    const ratio = (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
    const key = `${ink} ${e.className}`;
    if (ratio < 4.5 && !seen.has(key)) { seen.add(key); wrong.push(`contrast ${ratio.toFixed(2)}: ${where(e)}`); }
  }
  for (const e of document.querySelectorAll("button, select, input:not([type=checkbox]), summary")) {
    const box = e.getBoundingClientRect();
    if (shown(e) && (box.width < 24 || box.height < 24) && e.type !== "range") wrong.push(`small target ${Math.round(box.width)}x${Math.round(box.height)}: ${where(e)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`wider than the window: ${document.documentElement.scrollWidth} of ${innerWidth}`);
  return wrong;
}
