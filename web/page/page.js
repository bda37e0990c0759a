// The plain page: it reads the public API with the key kept for this tab only.

const $ = (id) => document.getElementById(id);
const main = document.querySelector("main");
const count = new Intl.NumberFormat();
const tenths = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const wrongKey = "This key was not accepted. Copy it whole; it begins with parley_.";
const callsShown = 50;

let key = sessionStorage.getItem("key") || "";
let ticking; // the timer of the next refresh
let shown;   // the call that was opened last

// The admin link of the first start carries the key in its fragment, which
// browsers do not send to any server; it is taken out of the address at once.
if (location.hash.startsWith("#key=")) {
  key = decodeURIComponent(location.hash.slice(5));
  sessionStorage.setItem("key", key);
  history.replaceState(null, "", location.pathname);
}

// api makes a request. Its errors are sentences to show; confirm is the number
// that a start wants back.
async function api(path, options = {}) {
  const used = key;
  let response;
  try {
    response = await fetch("/api/v1" + path, { ...options, headers: { Authorization: "Bearer " + used, ...options.headers } });
  } catch {
    throw new Error("The server does not answer; check that it runs.");
  }
  if (response.ok) return response;
  if (response.status === 401) {
    if (key === used) signOut(wrongKey);
    throw new Error(wrongKey);
  }
  const problem = await response.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail || problem.title || response.statusText), { confirm: problem.confirm });
}

const read = (path) => api(path).then((response) => response.json());

const post = (path, body) => api(path, {
  method: "POST", body: body && JSON.stringify(body), headers: body && { "Content-Type": "application/json" },
});

// signOut forgets the key and what was read with it.
function signOut(why = "") {
  clearTimeout(ticking);
  key = "";
  sessionStorage.removeItem("key");
  $("campaigns").replaceChildren();
  $("calls").replaceChildren();
  close();
  main.hidden = $("stop-all").hidden = $("sign-out").hidden = true;
  say("");
  $("sign-in").hidden = false;
  refuse(why);
}

// refuse says why there is no way in; what is typed next replaces the key.
function refuse(why) {
  $("refused").textContent = why;
  $("key").focus();
  $("key").select();
}

async function signIn() {
  $("enter").disabled = true;
  $("refused").textContent = "";
  say("Loading …");
  try {
    await refresh();
    $("sign-in").hidden = true;
    $("key").value = "";
    main.hidden = $("stop-all").hidden = $("sign-out").hidden = false;
  } catch (error) {
    $("sign-in").hidden = false;
    refuse(error.message);
  } finally {
    $("enter").disabled = false;
    say("");
  }
}

$("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = $("key").value.trim();
  if (!/^[!-~]+$/.test(given)) { // no header can carry it
    return refuse(wrongKey);
  }
  key = given;
  sessionStorage.setItem("key", key);
  signIn();
});

$("sign-out").addEventListener("click", () => signOut());

$("stop-all").addEventListener("click", () => {
  if (confirm("Stop every campaign now? Ringing calls are cancelled, talks go on to their end.")) act(() => post("/stop"));
});

function say(text, isError = false) {
  if ($("status").textContent !== text) $("status").textContent = text;
  $("status").classList.toggle("error", isError);
}

// act does something for the user and shows what came of it.
async function act(run) {
  say("Working …");
  try {
    await run();
    await refresh();
    say("");
  } catch (error) {
    if (key) say(error.message, true);
  }
}

const verbs = {
  draft: ["start"], scheduled: ["start", "stop"], running: ["pause", "stop"], paused: ["resume", "stop"], stopped: ["resume"],
};

async function start(campaign) {
  const path = `/campaigns/${campaign.id}/start`;
  try {
    await post(path);
  } catch (error) {
    if (!error.confirm) throw error;
    const question = `Call the ${count.format(error.confirm)} contacts of “${campaign.name}” now, under profile ${campaign.profile} with flow ${campaign.flow}?`;
    if (confirm(question)) await post(path, { confirm: error.confirm });
  }
}

async function move(campaign, verb) {
  if (verb === "stop" && !confirm(`Stop “${campaign.name}”? Ringing calls are cancelled, talks go on to their end.`)) return;
  await post(`/campaigns/${campaign.id}/${verb}`);
}

// fill makes a table's rows those of the items. A row that is there is kept and
// only what changed is written, so that a refresh takes neither the keyboard's
// focus nor a click under way.
function fill(body, items, cells, actions) {
  const heads = [...body.parentElement.tHead.rows[0].cells];
  const rows = new Map([...body.rows].map((tr) => [tr.dataset.id, tr]));
  const ids = new Set(items.map((item) => item.id));
  body.parentElement.hidden = items.length === 0;
  for (const [id, tr] of rows) if (!ids.has(id)) tr.remove();
  items.forEach((item, i) => {
    let tr = rows.get(item.id);
    if (!tr) {
      tr = document.createElement("tr");
      tr.dataset.id = item.id;
      for (const head of heads) {
        const td = tr.insertCell();
        td.dataset.label = head.textContent;
        td.className = head.className;
      }
    }
    if (body.rows[i] !== tr) body.insertBefore(tr, body.rows[i] ?? null);
    const texts = cells(item);
    texts.forEach((text, j) => { if (tr.cells[j].textContent !== text) tr.cells[j].textContent = text; });
    const wanted = actions(item);
    const names = Object.keys(wanted).join();
    if (tr.dataset.actions === names) return;
    tr.dataset.actions = names;
    tr.cells[texts.length].replaceChildren(...Object.entries(wanted).map(([name, run]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.setAttribute("aria-label", `${name} ${texts[0]} ${texts[1]}`);
      button.addEventListener("click", run);
      return button;
    }));
  });
}

// words writes an identifier of the API as words.
const words = (identifier) => (identifier ?? "").replaceAll("_", " ");

const seconds = (ms) => tenths.format(ms / 1000) + " s";

const talk = (ms) => (ms ? seconds(ms) : "");

// refresh reads everything again, and comes back in two seconds: live enough
// for one plain page; the event stream serves the console to come.
async function refresh() {
  const mine = key;
  const [campaigns, calls] = await Promise.all([read("/campaigns"), read("/calls?limit=" + callsShown)]);
  if (key !== mine) return;
  $("no-campaigns").hidden = campaigns.items.length > 0;
  $("no-calls").hidden = calls.items.length > 0;
  $("more-calls").hidden = !calls.next;
  fill($("campaigns"), campaigns.items,
    (c) => [c.name, words(c.state), ...[c.stats.contacts, c.stats.done, c.stats.live].map((n) => count.format(n))],
    (c) => Object.fromEntries((verbs[c.state] ?? []).map((verb) => [verb, () => act(() => (verb === "start" ? start(c) : move(c, verb)))])));
  fill($("calls"), calls.items,
    (c) => [moment.format(new Date(c.started)), c.to, words(c.network || c.state), words(c.answered_by), words(c.disposition), talk(c.talk_ms)],
    (c) => ({ open: () => act(() => open(c.id)) }));
  clearTimeout(ticking);
  ticking = setTimeout(tick, 2000);
}

let away = false; // the last refresh failed

async function tick() {
  try {
    if (!document.hidden) await refresh();
    if (away) say("");
    away = false;
  } catch (error) {
    if (!key) return;
    away = true;
    say(error.message, true);
  }
  clearTimeout(ticking);
  ticking = setTimeout(tick, 2000);
}

// close hides the call and lets its recording go.
function close() {
  shown = undefined;
  $("call").hidden = $("recording").hidden = true;
  $("recording-note").textContent = "";
  if ($("recording").src) URL.revokeObjectURL($("recording").src);
  $("recording").removeAttribute("src");
}

async function open(id) {
  const call = await read("/calls/" + id);
  close();
  shown = id;
  $("call-title").textContent = `Call to ${call.to}`;
  $("call").hidden = false;
  $("outcome").replaceChildren(...facts(call));
  $("turns").replaceChildren(...(call.turns ?? []).map(turn));
  $("call-title").focus({ preventScroll: true });
  $("call").scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  if (!call.recording) {
    $("recording-note").textContent = "There is no recording.";
    return;
  }
  $("recording-note").textContent = "Loading the recording …";
  const sound = await api(`/calls/${id}/recording`).then((r) => r.blob()).catch((error) => error);
  if (shown !== id) return;
  $("recording-note").textContent = sound instanceof Error ? sound.message : "";
  if (sound instanceof Error) return;
  $("recording").src = URL.createObjectURL(sound);
  $("recording").hidden = false;
}

// facts are a call's outcome as terms and their descriptions.
function facts(call) {
  const amount = call.promise?.amount;
  const all = {
    Started: moment.format(new Date(call.started)),
    Network: words(call.network),
    "Answered by": words(call.answered_by),
    Disposition: words(call.disposition),
    Promise: [call.promise?.date, amount?.value, amount?.currency].filter(Boolean).join(" "),
    Callback: call.callback && moment.format(new Date(call.callback)),
    Talk: talk(call.talk_ms),
    "Hung up by": call.hangup_by,
    "Barge-ins": call.barge_ins && count.format(call.barge_ins),
    "Response time (p50)": call.latency_ms?.response_p50 && count.format(call.latency_ms.response_p50) + " ms",
    Problem: call.problem,
    Call: call.id,
  };
  return Object.entries(all).filter(([, value]) => value).flatMap(([name, value]) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = value;
    return [dt, dd];
  });
}

// turn is what one of the two said, who and when above it.
function turn(t) {
  const li = document.createElement("li"), note = document.createElement("small");
  li.className = t.by;
  note.textContent = [t.by, seconds(t.from_ms), words(t.intent), t.barged_in && "interrupted"].filter(Boolean).join(" · ");
  const said = t.heard_text ? `${t.heard_text} …` : t.text || t.keys && `keys ${t.keys}`;
  li.append(note, said || "(not understood)");
  return li;
}

if (key) signIn(); else signOut();
