// Every control of the page, by mouse and by keyboard; what a screen reader is told; how long interactions take.
import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "./audit.mjs";
import { address, at, choices, opened, page, playedOut, region, searched, shoot } from "./harness.mjs";
import { longTest } from "./long.mjs";

const compare = () => region("Compare");
const healthy = async (what) => assert.deepEqual(await page.evaluate(audit), [], what);

test("switches are combined, opened and taken back", async () => {
  await opened("mp", "weak");
  const combine = compare().getByRole("button", { name: /^Compare .*combinations$/ });
  assert.ok(await combine.isDisabled());
  await page.getByLabel("Switch writer: TSO").selectOption("try each");
  await page.getByLabel("Switch reader: TSO").selectOption("try each");
  await page.getByRole("button", { name: "Compare 4 combinations" }).click();
  const rows = page.locator("table.combinations tbody tr");
  await rows.nth(3).waitFor();
  assert.equal(await rows.count(), 4);
  const weak = (await rows.nth(0).innerText()).split(/\s+/), strong = (await rows.nth(3).innerText()).split(/\s+/);
  assert.deepEqual(weak.slice(0, 6), ["off", "off", "yes", "yes", "yes", "yes"]);
  assert.deepEqual(strong.slice(0, 2), ["on", "on"]);
  assert.equal(strong.filter((x) => x === "no").length, 1);
  await shoot("serve-combinations", compare());
  await page.getByRole("button", { name: "Open writer: TSO on, reader: TSO on" }).click();
  await searched();
  await page.getByText("3 outcomes").waitFor();
  assert.match(await region("Core writer").innerText(), /TSO on/);
  await page.getByRole("button", { name: "Link", exact: true }).click();
  const link = await page.getByLabel("Link to this state").inputValue();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Take back reader: TSO: on" }).click();
  await searched();
  await page.getByText("4 outcomes").waitFor();
  await page.goto("about:blank");
  await page.goto(link);
  await searched();
  await page.getByText("3 outcomes").waitFor();
});

test("single switches are opened, and code shows what stands there", async () => {
  await opened("publish", "plain");
  const last = page.getByLabel(/^Switch compiler: DSB ISH/).first();
  await last.selectOption("nop");
  await page.getByLabel("Switch IDC and DIC").selectOption("both on");
  await page.getByRole("button", { name: "Open with these" }).click();
  await searched();
  for (let n = 1; n <= 4; ++n) { await page.keyboard.press("1"); await at(n); }
  await page.getByRole("button", { name: "Random run to the end" }).click();
  await page.getByText(/^Finished: /).waitFor();
  await page.getByRole("slider").fill("0");
  await at(0);
  let seen = "";
  for (let n = 1; n <= 12 && !/nop \(line/.test(seen); ++n) {
    await page.keyboard.press("ArrowRight");
    await at(n);
    seen += await page.locator("main").innerText();
  }
  assert.match(seen, /nop \(line 24\)/);
});

test("long work goes on in the background and is cancelled", async () => {
  await opened();
  await page.locator("summary").click();
  await page.getByLabel("litmus format").check();
  await page.getByLabel("Test", { exact: true }).fill(longTest());
  await page.getByRole("button", { name: "Open the changed test" }).click();
  await page.locator("main[aria-busy=false]").waitFor();
  await page.getByRole("button", { name: "Cancel", exact: true }).waitFor();
  await choices().first().click();  // not held up
  await at(1);
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByText(/perhaps more/).waitFor();
  await page.getByLabel("Switch P0: TSO").selectOption("try each");
  await page.getByRole("button", { name: "Compare 2 combinations" }).click();
  await page.getByText(/combination 1 of 2: [\d,]+ states/).waitFor();
  await page.keyboard.press("ArrowLeft");
  await at(0);
  await page.getByRole("button", { name: "Cancel the comparison" }).click();
  await page.locator("table.combinations small").first().waitFor();  // says that it is not complete
  await page.getByRole("button", { name: "Search for all outcomes" }).click();
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByRole("button", { name: "Search for all outcomes" }).waitFor();
});

test("keys, values and mnemonics are completed", async () => {
  await opened();
  await page.locator("summary").click();
  const area = page.getByLabel("Test", { exact: true }), list = page.getByRole("listbox", { name: "Completions" });
  const type = async (text) => { await area.fill(""); await area.focus(); await page.keyboard.insertText(text); };
  const offered = async () => (await list.getByRole("option").locator("code").allInnerTexts());
  await type("machine:\n  ");
  await page.keyboard.type("ti");
  await list.getByText("timer_ticks", { exact: true }).waitFor();
  assert.deepEqual(await offered(), ["timer_ticks"]);
  assert.match(await list.innerText(), /Timer interrupts per core/);
  await page.keyboard.press("Enter");
  assert.match(await area.inputValue(), /^machine:\n {2}timer_ticks: $/);
  await type("variants:\n  weak: {machine: {tso: ");
  await page.keyboard.press("Control+Space");
  await list.getByText("true", { exact: true }).waitFor();
  assert.deepEqual(await offered(), ["false", "true"]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  assert.match(await area.inputValue(), /tso: true$/);
  await type("expect:\n  - never: x == 1\n    ");
  await page.keyboard.type("wh");
  await list.getByText("why", { exact: true }).waitFor();
  assert.deepEqual(await offered(), ["why"]);
  await page.keyboard.press("Escape");
  await list.waitFor({ state: "hidden" });
  await type("machine:\n  flavour: ");
  await page.keyboard.press("Control+Space");
  await list.getByText("t3", { exact: true }).waitFor();
  assert.deepEqual(await offered(), ["t1", "t2", "t3"]);
  await healthy("with completions");
  await list.getByText("t2", { exact: true }).click();
  assert.match(await area.inputValue(), /flavour: t2$/);
  await type("threads:\n  P0: |\n    ");
  await page.keyboard.type("LDAP");
  await list.getByText("LDAPR", { exact: true }).waitFor();
  await page.keyboard.press("Enter");
  assert.match(await area.inputValue(), / {4}LDAPR $/);
});

test("litmus tests are opened as text", async () => {
  await opened();
  await page.locator("summary").click();
  await page.getByLabel("litmus format").check();
  await page.getByLabel("Test", { exact: true }).fill("AArch64 LB\n{ 0:X1=x; 1:X1=x; }\n P0 | P1 ;\n LDR W0,[X1] | MOV W0,#1 ;\n | STR W0,[X1] ;\nexists (0:X0=1)\n");
  await page.getByRole("button", { name: "Open the changed test" }).click();
  await searched();
  await page.getByText("2 outcomes").waitFor();
  await page.getByText("exists").first().waitFor();
});

test("the keyboard reaches everything and is not lost", async () => {
  await opened("mp", "weak");
  await choices().first().focus();
  for (let n = 1; n <= 3; ++n) { await page.keyboard.press("Enter"); await at(n); }
  assert.notEqual(await page.evaluate(() => document.activeElement.tagName), "BODY");
  await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
  const all = await page.evaluate(() => {
    const every = [...document.querySelectorAll("button:enabled, select, input, textarea, summary, [tabindex='0']")].filter((e) => e.checkVisibility());
    every.forEach((e, n) => (e.dataset.stop = n));
    return every.length;
  });
  const reached = new Set();
  for (let n = 0; n < all + 5; ++n) {
    await page.keyboard.press("Tab");
    const [stop, outline] = await page.evaluate(() => [document.activeElement.dataset.stop, getComputedStyle(document.activeElement).outlineStyle]);
    if (stop === undefined) continue;
    reached.add(stop);
    assert.notEqual(outline, "none", `no outline at ${stop}`);
  }
  assert.equal(reached.size, all);
});

test("the controls of the run and of the head of the page", async () => {
  await opened("mp", "weak");
  const button = (name) => page.getByRole("button", { name, exact: true });
  await page.getByLabel("Change", { exact: true }).selectOption("reader: TSO on");
  await searched();
  await page.getByLabel("Change", { exact: true }).selectOption("none");
  await searched();
  await page.getByText("4 outcomes").waitFor();
  await button("Step").click();
  await at(1);
  await page.getByLabel("Speed").selectOption("0.5");
  await page.locator("h1").click();  // from the list, where keys choose
  await page.keyboard.press("Space");
  await button("Pause").click();
  await button("Play").waitFor();
  await button("Random run to the end").click();
  await page.getByText(/^Finished: /).waitFor();
  const length = Number((await page.locator("output").innerText()).split(" ")[2]);
  await button("Start").click();
  await at(0);
  await button("Redo").click();
  await at(1);
  await button("End").click();
  await at(length);
  assert.ok(await button("End").isDisabled());
  await page.getByLabel("Speed").selectOption("10");
  await button("Undo").click();
  await at(length - 1);
  await button("Play").click();
  await at(length);
  await page.getByLabel("Machine", { exact: true }).selectOption("tso");
  await searched();
  await page.getByRole("button", { name: /^Why is / }).first().click();
  await page.getByText(/^Forbidden/).waitFor();
  await compare().getByLabel("barriers and annotations added").check();
  await compare().getByLabel("IDC and DIC").first().uncheck();
  await compare().getByRole("button", { name: "Compare", exact: true }).click();
  await page.locator("table.matrix").getByText(/DMB SY before/).first().waitFor();
  await healthy("with a matrix and a cycle");
});

test("steps are told to a screen reader", async () => {
  await opened("mp", "weak");
  const told = page.locator(".told[role=status]");
  await choices().first().click();
  await at(1);
  assert.match(await told.innerText(), /fetches/);
  await playedOut();
  assert.match(await told.innerText(), /Finished/);
  assert.match(await page.getByRole("img", { name: /^Execution graph/ }).getAttribute("aria-label"), /rf/);
});

test("lessons are named, readable and large enough, light and dark, on every size", async () => {
  await page.goto(address);
  await searched();
  const select = page.getByLabel("Test to step through");
  const lessons = (await select.locator("option").allInnerTexts()).filter((t) => t.startsWith("Lesson"));
  const looks = [[1280, 900, "light"], [820, 1180, "dark"], [390, 844, "light"], [390, 844, "dark"]];
  for (const [n, label] of lessons.entries()) {
    const [width, height, colorScheme] = looks[n % looks.length];
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    await select.selectOption({ label });
    await page.locator("main[aria-busy=false]").waitFor();
    await page.getByText(/^\d+ outcomes/).waitFor();
    await page.getByRole("button", { name: "Random run to the end" }).click();
    await page.waitForFunction(() => Number(document.querySelector("output").textContent.split(" ")[2]) > 3);
    await healthy(`${label}, ${width} wide, ${colorScheme}`);
    const next = page.getByRole("button", { name: "Next lesson" });
    assert.equal(await next.count(), n + 1 < lessons.length ? 1 : 0, label);
  }
  await select.selectOption({ label: lessons[0] });
  await page.locator("main[aria-busy=false]").waitFor();
  await page.getByRole("button", { name: "Next lesson" }).click();
  await page.getByRole("heading", { name: lessons[1] }).waitFor();
  await page.getByRole("button", { name: "No", exact: true }).click();
  await page.getByText(/a search of all runs/).waitFor();
});

test("how long interactions take on four cores", async () => {
  await opened("iriw");
  const time = async (name, script, changed) => {
    const ms = await page.evaluate(async ([act, until]) => {
      const was = document.querySelector("output").textContent;
      const start = performance.now();
      await new Function(act)();
      const done = new Function("was", `return ${until}`);
      while (!done(was)) await new Promise((r) => setTimeout(r, 0));
      await new Promise(requestAnimationFrame);
      return performance.now() - start;
    }, [script, changed]);
    (times[name] ??= []).push(ms);
  };
  const times = {}, moved = "document.querySelector('output').textContent !== was";
  const button = (name) => `[...document.querySelectorAll('button')].find((b) => b.textContent === '${name}').click()`;
  const key = (name) => `document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '${name}', bubbles: true }))`;
  for (let n = 0; n < 8; ++n) await time("choose", "document.querySelector('.choices button').click()", moved);
  for (let n = 0; n < 4; ++n) await time("key: undo", key("ArrowLeft"), moved);
  for (let n = 0; n < 4; ++n) await time("key: redo", key("ArrowRight"), moved);
  await time("jump to the start", key("Home"), moved);
  await time("jump to the end", key("End"), moved);
  await time("random run", button("Random run to the end"), moved);
  await time("run to an outcome", "document.querySelector('button[aria-label^=\"Show a run to\"]').click()", moved);
  await time("link", button("Link"), "document.querySelector('.link')");
  await time("open another machine", "const s = document.querySelector('select[aria-label=Machine]'); s.value = s.options[1].value; s.dispatchEvent(new Event('change', { bubbles: true }))",
    "document.querySelector('main').ariaBusy === 'false' && document.querySelector('select[aria-label=Machine]').selectedIndex === 1");
  for (const [name, all] of Object.entries(times)) console.log(`${name}: ${all.map((t) => t.toFixed(0)).join(" ")} ms`);
  assert.equal(Object.keys(times).length, 9);
});
