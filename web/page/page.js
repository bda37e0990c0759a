// The plain page: it reads the public API with the key kept for this tab only.

const $ = (id) => document.getElementById(id);
let ticking;
let key = sessionStorage.getItem("key") || "";

// The admin link of the first start carries the key in its fragment, which
// browsers do not send to any server; it is taken out of the address at once.
if (location.hash.startsWith("#key=")) {
  key = decodeURIComponent(location.hash.slice(5));
  sessionStorage.setItem("key", key);
  history.replaceState(null, "", location.pathname);
}

async function api(path, options = {}) {
  const response = await fetch("/api/v1" + path, {
    ...options,
    headers: { Authorization: "Bearer " + key, ...options.headers },
  });
  if (response.status === 401) {
    signIn("This key was not accepted.");
    throw new Error("signed out");
  }
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Error(problem.detail || problem.title || response.statusText);
  }
  return response;
}

function signIn(refused = "") {
  key = "";
  sessionStorage.removeItem("key");
  document.querySelector("main").hidden = true;
  $("stop-all").hidden = true;
  $("sign-in").hidden = false;
  $("refused").textContent = refused;
  $("key").focus();
}

$("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  key = $("key").value.trim();
  sessionStorage.setItem("key", key);
  open();
});

$("stop-all").addEventListener("click", async () => {
  if (!confirm("Stop every campaign now? Ringing calls are cancelled, talks go on to their end.")) return;
  await act("/stop");
});

function row(body, cells, actions = []) {
  const tr = body.insertRow();
  for (const text of cells) {
    const td = tr.insertCell();
    td.textContent = text ?? "";
    if (typeof text === "number") td.className = "number";
  }
  const td = tr.insertCell();
  for (const [label, run] of actions) {
    const button = document.createElement("button");
    button.textContent = label;
    button.addEventListener("click", run);
    td.append(button, " ");
  }
}

async function act(path, body) {
  try {
    await api(path, { method: "POST", body: body && JSON.stringify(body), headers: body ? { "Content-Type": "application/json" } : {} });
    say("");
  } catch (error) {
    say(error.message);
  }
  await refresh();
}

function say(text) {
  $("status").textContent = text;
}

const actions = {
  draft: ["start"], scheduled: ["start", "stop"], running: ["pause", "stop"], paused: ["resume", "stop"],
};

async function start(campaign) {
  const first = await fetch(`/api/v1/campaigns/${campaign.id}/start`, { method: "POST", headers: { Authorization: "Bearer " + key } });
  if (first.status === 409) {
    const problem = await first.json();
    if (!problem.confirm || !confirm(`${problem.detail}\n\nStart?`)) return say(problem.detail);
    return act(`/campaigns/${campaign.id}/start`, { confirm: problem.confirm });
  }
  await refresh();
}

async function refresh() {
  const [campaigns, calls] = await Promise.all([
    api("/campaigns").then((r) => r.json()),
    api("/calls?limit=50").then((r) => r.json()),
  ]);
  const list = $("campaigns");
  list.replaceChildren();
  $("no-campaigns").hidden = campaigns.items.length > 0;
  for (const c of campaigns.items) {
    const s = c.stats || {};
    const buttons = (actions[c.state] || []).map((name) => [
      name,
      name === "start" ? () => start(c) : () => act(`/campaigns/${c.id}/${name}`),
    ]);
    row(list, [c.name, c.state, s.contacts, s.done, s.live], buttons);
  }
  const table = $("calls");
  table.replaceChildren();
  for (const c of calls.items) {
    row(table, [
      new Date(c.started).toLocaleString(), c.to, c.network, c.answered_by, c.disposition,
      c.talk_ms ? (c.talk_ms / 1000).toFixed(1) + " s" : "",
    ], [["open", () => show(c.id)]]);
  }
}

async function show(id) {
  const call = await api("/calls/" + id).then((r) => r.json());
  $("call").hidden = false;
  $("call-id").textContent = id;
  const outcome = $("outcome");
  outcome.replaceChildren();
  const facts = {
    network: call.network, "answered by": call.answered_by, disposition: call.disposition,
    promise: call.promise && `${call.promise.date ?? ""} ${call.promise.amount ? call.promise.amount.value + " " + (call.promise.amount.currency ?? "") : ""}`,
    "barge-ins": call.barge_ins, "response p50": call.latency_ms?.response_p50 && call.latency_ms.response_p50 + " ms",
    problem: call.problem,
  };
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined || value === null || value === "") continue;
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = value;
    outcome.append(dt, dd);
  }
  const turns = $("turns");
  turns.replaceChildren();
  for (const t of call.turns ?? []) {
    const li = document.createElement("li");
    li.className = t.by;
    const note = document.createElement("small");
    note.textContent = [(t.from_ms / 1000).toFixed(1) + " s", t.intent, t.barged_in ? "interrupted" : ""].filter(Boolean).join(" · ");
    li.append(note, t.heard_text ? `${t.heard_text} …` : t.text || t.keys || "(not understood)");
    turns.append(li);
  }
  const audio = $("recording");
  if (audio.src) URL.revokeObjectURL(audio.src);
  audio.removeAttribute("src");
  audio.hidden = !call.recording;
  if (call.recording) {
    const blob = await api(`/calls/${id}/recording`).then((r) => r.blob());
    audio.src = URL.createObjectURL(blob);
  }
  $("call").scrollIntoView({ behavior: "smooth" });
}

async function open() {
  clearInterval(ticking);
  try {
    await refresh();
  } catch (error) {
    if (key) say(error.message);
    return;
  }
  $("sign-in").hidden = true;
  document.querySelector("main").hidden = false;
  $("stop-all").hidden = false;
  // Live enough for one plain page; the event stream serves the console to come.
  ticking = setInterval(() => { if (key && !document.hidden) refresh().catch((error) => say(error.message)); }, 2000);
}

if (key) open(); else signIn();
