import type { Graph } from "./api";

const kColumn = 215, kRow = 58, kBox = 150, kHeight = 34, kTop = 30;

/** The execution graph: one column per core, program order downwards. */
export function GraphView({ graph, cores }: { graph: Graph; cores: string[] }) {
  const rows: number[] = [], next = cores.map(() => 0);
  for (const e of graph.events) rows.push(next[e.core]++);
  const x = (n: number) => graph.events[n].core * kColumn + 20;
  const y = (n: number) => kTop + rows[n] * kRow;
  const width = cores.length * kColumn + 40, height = kTop + Math.max(1, ...next) * kRow;
  const path = (from: number, to: number, relation: string) => {
    const x1 = x(from) + kBox / 2, y1 = y(from) + kHeight / 2, x2 = x(to) + kBox / 2, y2 = y(to) + kHeight / 2;
    if (relation === "po") return { d: `M${x1} ${y(from) + kHeight} L${x2} ${y(to) - 3}`, mx: x1 + 12, my: (y(from) + kHeight + y(to)) / 2 + 4 };
    if (graph.events[from].core === graph.events[to].core) {
      const side = x(from) + kBox, out = side + (relation === "rf" ? 26 : 34);
      return { d: `M${side} ${y1} C${out} ${y1} ${out} ${y2} ${side + 2} ${y2}`, mx: out - 6, my: (y1 + y2) / 2 };
    }
    const right = x2 > x1, a = right ? x(from) + kBox : x(from), b = right ? x(to) - 3 : x(to) + kBox + 3;
    const share = relation === "fr" ? 0.75 : relation === "co" ? 0.5 : 0.25;  // so that labels of crossing edges stay apart
    const bend = relation === "fr" ? 14 : relation === "co" ? -14 : 0;
    return { d: `M${a} ${y1} C${(a + b) / 2} ${y1 + bend} ${(a + b) / 2} ${y2 + bend} ${b} ${y2}`, mx: a + (b - a) * share, my: y1 + (y2 - y1) * share + bend / 2 - 4 };
  };
  const said = graph.edges.filter((e) => e.relation !== "po")
    .map((e) => `${graph.events[e.from].label} ${e.relation} ${graph.events[e.to].label}`).join("; ");
  if (graph.events.length === 0) return <p class="quiet">Nothing has happened yet.</p>;
  return (
    <div class="scroll" role="group" aria-label="Picture of the graph" tabIndex={0}>
      <svg class="graph" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`Execution graph: ${said}`}>
        <defs>
          {["po", "rf", "co", "fr", "fetch"].map((r) => (
            <marker key={r} id={"tip-" + r} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
              <path d="M0 0 L8 4 L0 8 z" class={"tip " + r} />
            </marker>
          ))}
        </defs>
        {cores.map((c, k) => <text key={c} class="column" x={k * kColumn + 20 + kBox / 2} y="16">{c}</text>)}
        {graph.edges.map((e) => {
          const p = path(e.from, e.to, e.relation);
          return (
            <g key={`${e.from} ${e.relation} ${e.to}`} class={"edge " + e.relation}>
              <path d={p.d} marker-end={`url(#tip-${e.relation})`} />
              {e.relation !== "po" && <text x={p.mx} y={p.my}>{e.relation}</text>}
            </g>
          );
        })}
        {graph.events.map((e, n) => (
          <g key={`${e.core} ${rows[n]}`} class={"event " + e.kind}>
            <title>{e.text}</title>
            <rect x={x(n)} y={y(n)} width={kBox} height={kHeight} rx="6" />
            <text x={x(n) + kBox / 2} y={y(n) + 22}>{e.label.length > 21 ? e.label.slice(0, 20) + "…" : e.label}</text>
          </g>
        ))}
      </svg>
    </div>
  );
}
