// Exported pages in Debian's Chromium, from a file and without a server. ISOBAR_BINARY is the command.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { longTest } from "./long.mjs";

const root = resolve(import.meta.dirname, "../..");
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const folder = mkdtempSync(join(tmpdir(), "isobar-export-"));
let browser, page, hasCore, problems = [];
const saved = {};

/** A page that tells what goes wrong in it; a file may load nothing from anywhere. */
async function fresh() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
  page = await context.newPage();
  page.on("console", (m) => m.type() === "error" && problems.push(m.text()));
  page.on("pageerror", (e) => problems.push(e.message));
  page.setDefaultTimeout(20_000);
}

before(async () => {
  writeFileSync(join(folder, "BIG.litmus"), longTest());
  const server = spawn(process.env.ISOBAR_BINARY ?? join(root, "build/isobar"), ["serve", "--port", "0", "scenarios/classics/mp.yaml", "scenarios/jit/publish.yaml", join(folder, "BIG.litmus")], { cwd: root });
  const address = await new Promise((found) => server.stdout.once("data", (d) => found(String(d).split(" ")[0])));
  hasCore = (await fetch(address + "core.wasm.gz")).status === 200;
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: quiet });
  await fresh();
  await page.goto(address);
  for (const name of ["mp", "publish", "BIG"]) {
    const before = name === "mp" ? "Isobar" : await page.title();
    await page.getByLabel("Test to step through").selectOption({ label: name });
    await page.waitForFunction((t) => document.title !== t, before);
    if (name !== "BIG") {
      await page.getByRole("button", { name: "Random run to the end" }).click();
      await page.getByText(/^Finished: /).waitFor();
    }
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export" }).click()]);
    saved[name] = join(folder, download.suggestedFilename());
    await download.saveAs(saved[name]);
    console.log(`${name}: ${statSync(saved[name]).size} bytes`);
  }
  await page.context().close();
  server.kill("SIGINT");
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});
afterEach(async () => {
  await page.context().close();
  assert.deepEqual(problems, []);
});

const at = (n) => page.waitForFunction((x) => document.querySelector("output")?.textContent.startsWith(x + " of"), n);
async function opened(name) {
  await fresh();
  page.on("request", (r) => !/^(blob:|data:|file:)/.test(r.url()) && problems.push("outside: " + r.url()));
  await page.goto(pathToFileURL(saved[name]).href);
  await at(0);
}

test("a page from a file steps, searches and shows runs", async (t) => {
  if (!hasCore) return t.skip("the command was built without the core (wasm/build)");
  await opened("mp");
  await page.keyboard.press("End");
  await page.getByText(/^Finished: /).waitFor();
  await page.keyboard.press("Home");
  await at(0);
  await page.locator(".choices button").first().click();
  await at(1);
  await page.keyboard.press("1");
  await at(2);
  await page.getByRole("button", { name: "Undo" }).click();
  await at(1);
  await page.getByText(/^\d+ outcomes$/).waitFor();
  await page.getByRole("button", { name: "Show a run to reader.X3=1; reader.X4=0;" }).click();
  await at(0);
  await page.keyboard.press("End");
  await page.getByText("Finished: reader.X3=1; reader.X4=0;").waitFor();
  await page.getByLabel("Machine", { exact: true }).selectOption("tso");
  await page.getByRole("button", { name: "Why is reader.X3=1; reader.X4=0 not possible" }).click();
  await page.getByText(/^Forbidden/).waitFor();
  assert.ok((await page.locator(".cycle li").count()) >= 3);
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await page.locator("table.matrix tr", { hasText: "reader: TSO off" }).waitFor();
  await page.getByLabel("Switch writer: TSO").selectOption("try each");
  await page.getByLabel("Switch reader: TSO").selectOption("try each");
  await page.getByRole("button", { name: "Compare 4 combinations" }).click();
  await page.waitForFunction(() => document.querySelectorAll("table.combinations tbody tr").length === 4);
});

test("a long search shows how far it is and can be cancelled, while stepping goes on", async (t) => {
  if (!hasCore) return t.skip("the command was built without the core (wasm/build)");
  await opened("BIG");
  await page.waitForFunction(() => /search: [1-9]/.test(document.querySelector(".progress")?.textContent));
  await page.locator(".choices button").first().click();
  await at(1);
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByRole("button", { name: "Search for all outcomes" }).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await at(0);
});

test("code that is written has its text, and other tests are refused", async (t) => {
  if (!hasCore) return t.skip("the command was built without the core (wasm/build)");
  await opened("publish");
  await page.getByRole("button", { name: /^Show a run to/ }).last().click();
  await at(0);
  await page.keyboard.press("End");
  await page.getByText(/^Finished: /).waitFor();
  assert.equal(await page.getByText(".inst 0x").count(), 0);
  await page.locator("summary").click();
  const area = page.getByLabel("Test", { exact: true });
  await area.fill((await area.inputValue()) + "\n# changed\n");
  await area.press("Control+Enter");
  await page.getByText(/cannot read another scenario/).first().waitFor();
});

test("where nothing can be compiled the page shows what was recorded", async () => {
  await fresh();
  await page.addInitScript(() => { delete globalThis.WebAssembly; });
  await page.goto(pathToFileURL(saved.mp).href);
  await at(0);
  await page.keyboard.press("End");
  assert.equal(await page.getByText("A recorded run").count(), 1);
});
