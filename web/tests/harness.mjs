// What the tests of the page share: a server, a browser, and a page that must show no error.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, afterEach, before, beforeEach } from "node:test";
import { chromium } from "playwright-core";

export const root = resolve(import.meta.dirname, "../..");
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const tests = ["scenarios/classics/mp.yaml", "scenarios/classics/iriw.yaml", "scenarios/jit/publish.yaml", "scenarios/membarrier/dekker.yaml"];
let server, browser, problems;
export let address, page;
export const folder = mkdtempSync(join(tmpdir(), "isobar-page-"));

before(async () => {
  server = spawn(process.env.ISOBAR_BINARY ?? join(root, "build/isobar"), ["serve", "--port", "0", ...tests], { cwd: root });
  address = await new Promise((found) => server.stdout.once("data", (d) => found(String(d).split(" ")[0])));
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: quiet });
});
after(async () => {
  await browser?.close();
  server?.kill("SIGINT");
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
  page = await context.newPage();
  problems = [];
  page.on("console", (m) => m.type() === "error" && problems.push(m.text()));
  page.on("pageerror", (e) => problems.push(e.message));
  page.on("request", (r) => !/^(http:\/\/127\.0\.0\.1:|blob:|data:|file:)/.test(r.url()) && problems.push("outside: " + r.url()));
  page.setDefaultTimeout(30_000);
});
afterEach(async () => {
  await page.context().close();
  assert.deepEqual(problems.filter((p) => !/status of 400/.test(p)), []);
});

export const region = (name) => page.getByRole("region", { name });
export const choices = () => region("What can happen").locator(".choices button");
export const position = async () => Number((await page.locator("output").innerText()).split(" ")[0]);
export const at = async (n) => page.waitForFunction((x) => document.querySelector("output")?.textContent.startsWith(x + " of"), n);
export const searched = async () => {
  await page.locator("main[aria-busy=false]").waitFor();
  await page.getByText(/^\d+ outcomes$/).waitFor();
};
export const shoot = async (name, what = page) => process.env.ISOBAR_SCREENSHOTS && what.screenshot({ style: what === page ? "" : "[role=toolbar] { position: static !important; }", path: join(process.env.ISOBAR_SCREENSHOTS, name + ".png") });

export async function opened(test = "mp", machine) {
  await page.goto(address);
  await searched();
  await page.getByLabel("Test to step through").selectOption({ label: test });
  await searched();
  if (machine) await page.getByLabel("Machine", { exact: true }).selectOption(machine);
  await searched();
}

/** Goes to the end of the shortest run to the last outcome. */
export async function playedOut() {
  await page.getByRole("button", { name: /^Show a run to/ }).last().click();
  await page.waitForFunction(() => /^0 of [1-9]/.test(document.querySelector("output").textContent));
  await page.keyboard.press("End");
  await page.getByText(/^Finished: /).waitFor();
  return position();
}
