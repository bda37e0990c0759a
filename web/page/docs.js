// The reference, drawn from /openapi.json alone: no library, nothing from
// elsewhere, so it works without a network and under the strict policy.

const $ = (id) => document.getElementById(id);

function element(name, text, ...children) {
  const e = document.createElement(name);
  if (text) e.textContent = text;
  e.append(...children);
  return e;
}

// typeOf names a schema: a link for a component, words for the rest.
function typeOf(schema = {}) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    const a = element("a", name);
    a.href = "#schema-" + name;
    return a;
  }
  const types = [schema.type ?? "any"].flat().filter((t) => t !== "null");
  if (types.includes("array")) return element("span", "list of ", typeOf(schema.items));
  if (types.includes("object") && typeof schema.additionalProperties === "object") {
    return element("span", "map of ", typeOf(schema.additionalProperties));
  }
  let text = types.join(" or ");
  if (schema.format) text += ` (${schema.format})`;
  if (schema.enum) text += ": " + schema.enum.join(", ");
  return element("span", text);
}

function table(heads, rows) {
  const t = element("table");
  const head = t.createTHead().insertRow();
  for (const h of heads) {
    const th = element("th", h);
    th.scope = "col";
    head.append(th);
  }
  const body = t.createTBody();
  for (const cells of rows) {
    const tr = body.insertRow();
    cells.forEach((c, i) => {
      const td = tr.insertCell();
      td.dataset.label = heads[i];
      td.append(c ?? "");
    });
  }
  return t;
}

function fields(schema) {
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(([name, s]) => [
    element("code", name), typeOf(s), required.has(name) ? "yes" : "", s.description ?? "",
  ]);
  return rows.length ? table(["Field", "Type", "Required", "Description"], rows) : element("p", "", typeOf(schema));
}

// content says what a body is: its type, then its schema.
function content(of) {
  return Object.entries(of?.content ?? {}).map(([kind, media]) => element("div", kind + ": ", typeOf(media.schema)));
}

function operation(method, path, op) {
  const box = element("details");
  box.id = op.operationId;
  const summary = element("summary");
  summary.append(element("strong", method.toUpperCase()), " ", element("code", path), " — " + (op.summary ?? ""));
  box.append(summary);
  if (op.description) box.append(element("p", op.description));
  if (op.parameters?.length) {
    box.append(element("h3", "Parameters"), table(["Parameter", "In", "Type", "Required", "Description"], op.parameters.map((p) => [
      element("code", p.name), p.in, typeOf(p.schema), p.required ? "yes" : "", p.description ?? p.schema?.description ?? "",
    ])));
  }
  if (op.requestBody) box.append(element("h3", "Request"), ...content(op.requestBody));
  box.append(element("h3", "Answers"), table(["Status", "Meaning", "Body"], Object.entries(op.responses).map(([status, answer]) => [
    status, answer.description ?? "", element("div", "", ...content(answer)),
  ])));
  return box;
}

async function draw() {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error("openapi.json: " + response.statusText);
  const api = await response.json();
  $("title").textContent = `${api.info.title} ${api.info.version}: HTTP interface`;
  $("about").textContent = api.info.description ?? "";
  for (const [path, methods] of Object.entries(api.paths).sort()) {
    for (const [method, op] of Object.entries(methods)) {
      if (typeof op !== "object" || !op.responses) continue;
      $("operations").append(operation(method, path, op));
    }
  }
  for (const [name, schema] of Object.entries(api.components?.schemas ?? {}).sort()) {
    const box = element("details");
    box.id = "schema-" + name;
    box.append(element("summary", name), fields(schema));
    $("schemas").append(box);
  }
  $("status").textContent = "";
  reveal();
}

// reveal opens what the address names.
function reveal() {
  const target = location.hash && $(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

addEventListener("hashchange", reveal);
draw().catch((error) => { $("status").textContent = error.message; });
