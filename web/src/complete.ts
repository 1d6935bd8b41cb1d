// What may stand at a place of a scenario: keys and values from the schema, mnemonics in code.

export interface Schema {
  $ref?: string; $defs?: Record<string, Schema>; properties?: Record<string, Schema>; additionalProperties?: Schema | boolean;
  anyOf?: Schema[]; oneOf?: Schema[]; allOf?: Schema[]; items?: Schema; enum?: unknown[]; const?: unknown; type?: string; description?: string;
}
export interface Place { path: string[]; word: string; key?: string; code: boolean }
export interface Completion { text: string; insert: string; description: string }

const kMnemonics = ("ADD ADR AND B B.EQ B.NE BL BLR BR BRK CAS CASA CASAL CASL CBNZ CBZ CMP CSEL DC CVAU|DMB ISH|DMB ISHLD|DMB ISHST|DMB SY|DSB ISH|DSB ISHST|DSB SY|" +
  "EOR HVC IC IVAU|ISB LDADD LDADDA LDADDAL LDADDL LDAPR LDAR LDAXP LDAXR LDP LDR LDRB LDRH LDUR LDXR LSL LSR MOV MOVK MRS MSR MUL MVN NEG NOP ORR RET " +
  "STADD STLR STLUR STLXR STNP STP STR STRB STRH STUR STXR SUB SUBS SVC SWP SWPA SWPAL SWPL TBNZ TBZ WFE WFI YIELD")
  .split("|").flatMap((part) => {
    const words = part.split(" ");
    const pairs = ["DC", "IC", "DMB", "DSB"];
    const at = words.findIndex((w) => pairs.includes(w));
    return at < 0 ? words : [...words.slice(0, at), words.slice(at, at + 2).join(" "), ...words.slice(at + 2)];
  });

const bare = (line: string) => line.replace(/(^|\s)#.*$/, "");

/** Where a line's own text begins: behind its blanks and the dashes of list items. */
function start(line: string): number {
  return /^\s*(?:-\s+)*/.exec(line)![0].length;
}

/** Where in the document `caret` is. */
export function placeAt(text: string, caret: number): Place {
  const lines = text.slice(0, caret).split("\n");
  const line = lines.pop()!;
  const own = start(line);
  const parents: string[] = [];
  let indent = own, code = false;
  for (let n = lines.length - 1; n >= 0; --n) {
    const above = bare(lines[n]);
    if (!above.trim() || start(above) >= indent) continue;
    // Where this line has blanks only, what is above with more of them is a sibling.
    const key = /^([\w.-]+|"[^"]*"):(?:\s|$)/.exec(above.slice(start(above)));
    if (!key) continue;
    if (parents.length === 0 && /:\s*(?:&\w+\s+)?[|>][-+]?\s*$/.test(above)) code = true;
    parents.unshift(key[1]);
    indent = start(above);
    if (indent === 0) break;
  }
  const stack: string[] = [];
  let word = "", key: string | undefined;
  const rest = line.slice(own);
  for (let n = 0; n < rest.length; ++n) {
    const c = rest[n];
    if (c === "{" || c === "[") { if (key !== undefined) stack.push(key); else stack.push(""); key = c === "[" ? key : undefined; word = ""; }
    else if (c === "}" || c === "]") { stack.pop(); key = undefined; word = ""; }
    else if (c === ",") { key = stack.length > 0 && key !== undefined && stack[stack.length - 1] === key ? key : undefined; word = ""; }
    else if (c === ":" && (n + 1 === rest.length || rest[n + 1] === " ")) { key = word.trim(); word = ""; }
    else word += c;
  }
  if (key !== undefined && stack[stack.length - 1] === key) stack.pop();  // a value of the list [ of this key
  return { path: [...parents, ...stack.filter(Boolean)], word: word.trimStart(), key, code };
}

/** The schema node itself, with references and alternatives resolved; a list stands for its items. */
function alternatives(root: Schema, node: Schema | undefined): Schema[] {
  if (!node) return [];
  if (node.$ref) return alternatives(root, root.$defs?.[node.$ref.replace("#/$defs/", "")]);
  const inner = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])].flatMap((n) => alternatives(root, n));
  const described = inner.map((n) => (n.description ? n : { ...n, description: node.description }));
  return [node, ...described, ...alternatives(root, node.items)];
}

function inside(root: Schema, nodes: Schema[], key: string): Schema[] {
  return nodes.flatMap((n) => {
    const found = n.properties?.[key] ?? (typeof n.additionalProperties === "object" ? n.additionalProperties : undefined);
    return alternatives(root, found);
  });
}

export function completions(schema: Schema, place: Place): Completion[] {
  if (place.code) {
    const word = /[A-Za-z.]*$/.exec(place.word)![0].toUpperCase();
    const first = /(^|;|:)\s*[A-Za-z.]+$/.test(place.word);
    return first ? kMnemonics.filter((m) => m.startsWith(word) && m !== word).map((m) => ({ text: m, insert: m + " ", description: "" })) : [];
  }
  let nodes = alternatives(schema, schema);
  for (const key of place.path) nodes = inside(schema, nodes, key);
  const out = new Map<string, Completion>();
  const add = (text: string, insert: string, description = "") => {
    if (text.startsWith(place.word) && text !== place.word && !out.has(text)) out.set(text, { text, insert, description });
  };
  if (place.key === undefined) {
    for (const n of nodes) {
      for (const [k, v] of Object.entries(n.properties ?? {})) add(k, k + ": ", alternatives(schema, v).find((a) => a.description)?.description);
    }
  } else {
    for (const n of inside(schema, nodes, place.key)) {
      for (const v of n.enum ?? []) if (typeof v === "string") add(v, v, n.description);
      if (typeof n.const === "string") add(n.const, n.const, n.description);
      if (n.type === "boolean") { add("true", "true", n.description); add("false", "false", n.description); }
    }
  }
  return [...out.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
}
