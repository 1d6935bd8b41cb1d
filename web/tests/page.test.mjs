// The page as people use it, in Debian's Chromium. ISOBAR_BINARY is the command; ISOBAR_SCREENSHOTS a folder for pictures.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { address, at, choices, folder, opened, page, playedOut, region, searched, shoot } from "./harness.mjs";

test("steps are chosen, undone, repeated and jumped along", async () => {
  await opened();
  await choices().first().click();
  await at(1);
  await page.keyboard.press("1");
  await at(2);
  assert.ok((await page.locator(".changed").count()) > 0);
  await page.getByRole("button", { name: "Undo" }).click();
  await at(1);
  await page.keyboard.press("n");
  await at(2);
  await page.keyboard.press("Home");
  await at(0);
  await page.keyboard.press("End");
  await at(2);
  await page.getByRole("button", { name: "Random run to the end" }).click();
  await page.getByText(/^Finished: /).waitFor();
  assert.ok((await page.locator("svg.graph g.event").count()) >= 4);
});

test("an outcome leads to its run, and a run plays", async () => {
  await opened();
  await page.getByRole("button", { name: "Show a run to reader.X3=1; reader.X4=0;" }).click();
  await at(0);
  await page.getByLabel("Speed").selectOption("10");
  await page.getByRole("button", { name: "Play" }).click();
  await page.getByText("Finished: reader.X3=1; reader.X4=0;").waitFor();
  const edges = await page.locator("svg.graph g.edge.rf, svg.graph g.edge.fr").count();
  assert.ok(edges >= 2);
  await shoot("serve-wide");
});

test("a forbidden outcome shows its cycle", async () => {
  await opened("mp", "tso");
  await page.getByRole("button", { name: "Why is reader.X3=1; reader.X4=0 not possible" }).click();
  await page.getByText(/^Forbidden/).waitFor();
  assert.ok((await page.locator(".cycle li").count()) >= 3);
});

test("machines and programs are compared and opened", async () => {
  await opened("mp", "writer_tso");
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  const row = page.locator("table.matrix tr", { hasText: "reader: TSO on" });
  await row.waitFor();
  assert.equal(await row.locator("td.no.changed").count(), 1);
  await row.getByRole("button").click();
  await page.getByText("3 outcomes").waitFor();
  assert.equal(await page.getByLabel("Change", { exact: true }).inputValue(), "reader: TSO on");
});

test("what waits says why, and code shows its versions", async () => {
  await opened("publish", "plain");
  await page.getByRole("button", { name: /^Show a run to/ }).last().click();
  await page.waitForFunction(() => /^0 of [1-9]/.test(document.querySelector("output").textContent));
  let waited = "", unification = 0;
  const length = Number((await page.locator("output").innerText()).split(" ")[2]);
  for (let n = 1; n <= length; ++n) {
    await page.keyboard.press("ArrowRight");
    await at(n);
    waited += await region("What waits").innerText();
    unification += await page.getByText("point of unification").count();
  }
  assert.match(waited, /waits until DC CVAU.* completes/);
  assert.ok(unification > 0);
});

test("the kernel's run queues, threads and interrupts are shown", async () => {
  await opened("dekker");
  const kernel = region("Kernel");
  const length = await playedOut();
  let seen = "";
  for (let k = 0; k < 5; ++k) await page.keyboard.press("ArrowLeft");  // faster than the answers: none may be lost
  await at(length - 5);
  for (let n = 0; n < length; n += 8) {
    await page.getByRole("slider").fill(String(n));
    await at(n);
    seen += await kernel.innerText();
  }
  assert.match(seen, /call function/);
  await page.getByRole("slider").fill("100");
  await at(100);
  await shoot("serve-kernel", kernel);
  assert.match(seen, /membarrier waits for it/);
  assert.match(await kernel.getByRole("group", { name: "Threads" }).innerText(), /slow\s+runnable\s+core 0/);
});

test("errors in the text are marked at their line", async () => {
  await opened();
  await page.locator("summary").click();
  const area = page.getByLabel("Test", { exact: true });
  await area.fill((await area.inputValue()).replace("LDR X3, [X2]", "LDX X3, [X2]"));
  await page.getByRole("button", { name: "Open the changed test" }).click();
  await page.getByText(/^line 21/).first().waitFor();
  assert.equal(await page.locator(".editor .bad").innerText(), "21\n");
  await area.fill((await area.inputValue()).replace("LDX X3, [X2]", "LDR X3, [X2]"));
  await area.press("Control+Enter");
  await page.locator(".problems").waitFor({ state: "detached" });
});

test("a link leads to the same state", async () => {
  await opened();
  for (let n = 1; n <= 6; ++n) { await page.keyboard.press("1"); await at(n); }
  const shown = await region("Core reader").innerText();
  await page.getByRole("button", { name: "Link", exact: true }).click();
  const link = await page.getByLabel("Link to this state").inputValue();
  await page.goto("about:blank");
  await page.goto(link);
  await at(6);
  assert.equal(await region("Core reader").innerText(), shown);
});

test("an exported page works without the server", async () => {
  await opened();
  await page.getByRole("button", { name: "Random run to the end" }).click();
  const end = await page.getByText(/^Finished: /).innerText();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export" }).click()]);
  const file = join(folder, download.suggestedFilename());
  await download.saveAs(file);
  assert.doesNotMatch(readFileSync(file, "utf8"), /(src|href)="(?!data:)/);
  await page.goto(pathToFileURL(file).href);
  await at(0);
  await page.keyboard.press("End");
  await page.getByText(end.replace("Finished: ", "")).first().waitFor();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Home");
  await at(0);
});

test("every lesson opens, and its answer is checked by search", async () => {
  await page.goto(address);
  const select = page.getByLabel("Test to step through");
  await page.getByText(/^\d+ outcomes$/).waitFor();
  const lessons = (await select.locator("option").allInnerTexts()).filter((t) => t.startsWith("Lesson"));
  assert.ok(lessons.length >= 15);
  for (const label of lessons) {
    await select.selectOption({ label });
    await page.getByRole("heading", { name: label }).waitFor();
    await searched();
    await page.getByRole("button", { name: "Yes" }).click();
    await page.getByText(/^(Right|No): a search of all runs (finds|does not find) it\.$/).waitFor();
  }
});

test("nothing is cut off on a phone or a tablet, light or dark", async () => {
  for (const [name, width, height, colorScheme] of [["serve-phone", 390, 844, "dark"], ["serve-tablet", 820, 1180, "light"]]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    await page.goto(address);
    await searched();
    if (name === "serve-tablet") {
      await opened("publish", "plain");
      await playedOut();
      await page.keyboard.press("Home");
      await at(0);
      while (!(await page.getByText("newer than the point of unification").count())) await page.keyboard.press("ArrowRight");
    } else {
      await page.getByLabel("Test to step through").selectOption({ index: 4 });
      await searched();
      for (let n = 1; n <= 6; ++n) { await page.keyboard.press("1"); await at(n); }
    }
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await shoot(name);
  }
});
