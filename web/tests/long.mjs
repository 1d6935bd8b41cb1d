/** A litmus test with far more interleavings than anybody waits for. */
export function longTest() {
  const threads = [0, 1, 2, 3];
  const row = (cells) => ` ${cells.join(" | ")} ;\n`;
  const code = [1, 2, 3, 4, 5].map((n) => row(threads.map(() => `STR W3,[X1]`)) + row(threads.map(() => `LDR W${3 + n},[X2]`))).join("");
  const start = threads.map((t) => `${t}:X1=${t % 2 ? "x" : "y"}; ${t}:X2=${t % 2 ? "y" : "x"}; ${t}:X3=${t + 1};`).join(" ");
  return `AArch64 BIG\n{ ${start} }\n${row(threads.map((t) => `P${t}`))}${code}exists (0:X8=1)\n`;
}
