// The desk fills itself: it asks for what is new every two seconds while it is looked at.
// Texts come from strangers: they are only ever set as text, never as markup.
"use strict";

const EVERY_MS = 2000;
const MOST_SHOWN = 500;
const MOST_PAGES = 4;
const TOKEN = /\[(phone|number|email|link|handle):([a-p]{20})\]/g;

const at = (id) => document.getElementById(id);
const list = at("hits");
const filters = new URLSearchParams(location.search);
const shown = new Map(); // document id -> article
let newer = "";
let older = null;

async function ask(path, extra = {}) {
  const query = new URLSearchParams();
  for (const name of ["lane", "kind", "lang", "platform"]) {
    if (filters.get(name)) query.set(name, filters.get(name));
  }
  for (const [name, value] of Object.entries(extra)) if (value) query.set(name, value);
  const answer = await fetch(`${path}?${query}`, { signal: AbortSignal.timeout(15000) });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error || `the desk answers ${answer.status}`);
  return body;
}

function card(hit) {
  const article = at("hit").content.firstElementChild.cloneNode(true);
  const part = (name) => article.querySelector(name);
  article.classList.add(hit.lane);
  article.dataset.at = hit.screened_at;
  part(".kind").textContent = hit.kind.replaceAll("_", " ");
  part(".subtypes").textContent = (hit.subtypes || []).join(", ").replaceAll("_", " ");
  part(".level").textContent = hit.level;
  part(".level").dataset.level = hit.level;
  const score = hit.scores[hit.kind];
  part(".score").textContent = `score ${typeof score === "number" ? score.toFixed(2) : "–"}`;
  part(".score").title = `assessed by ${hit.model}`;
  part(".platform").textContent = hit.platform;
  part(".lang").textContent = hit.lang;
  const time = part("time");
  time.dateTime = hit.created_at;
  time.textContent = new Date(hit.created_at).toLocaleString();
  time.title = `posted; screened ${new Date(hit.screened_at).toLocaleString()}`;
  part(".plea").hidden = hit.lane !== "protection";
  const text = part(".text");
  text.lang = hit.lang;
  text.classList.toggle("long", hit.text.length > 1500);
  write(text, hit.text);
  if (hit.truncated) text.append(" …");
  part(".priority").hidden = !hit.priority || hit.priority === "normal";
  part(".priority").textContent = hit.priority || "";
  part(".priority").dataset.priority = hit.priority || "";
  part(".why").hidden = !(hit.cues || []).length;
  part(".why").textContent = why(hit);
  part(".like").addEventListener("toggle", () => like(part(".like"), hit.id));
  const kinds = hit.contact_kinds || [];
  part(".contacts").hidden = kinds.length === 0;
  part(".contacts").textContent = `contact: ${kinds.join(", ")}`;
  return article;
}

// What the finders of cues saw, those first that made the hit urgent or high.
function why(hit) {
  const plain = (names) => names.map((name) => name.replaceAll("_", " ").replace(":", ": ")).join(", ");
  const reasons = hit.reasons || [];
  const others = (hit.cues || []).filter((cue) => !reasons.includes(cue));
  const parts = [reasons.length ? `${hit.priority || "priority"}: ${plain(reasons)}` : "", others.length ? `cues: ${plain(others)}` : ""];
  return parts.filter(Boolean).join(" · ");
}

// The nearest hits, asked for when someone opens the list, and each time anew.
async function like(details, id) {
  if (!details.open) return;
  const rows = details.querySelector("ol");
  try {
    const answer = await fetch(`/api/similar?${new URLSearchParams({ id })}`, { signal: AbortSignal.timeout(15000) });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error || `the desk answers ${answer.status}`);
    rows.replaceChildren(...body.hits.map(neighbour));
    if (!body.hits.length) rows.append(row(body.readable ? "none yet" : "this hit was found without the encoder's reading"));
  } catch (error) {
    rows.replaceChildren(row(error.message));
  }
}

function row(words) {
  const item = document.createElement("li");
  item.textContent = words;
  return item;
}

function neighbour(hit) {
  const item = row(`${hit.similarity.toFixed(2)} · ${hit.kind.replaceAll("_", " ")} · ${hit.lang} · `);
  const text = document.createElement("span");
  text.dir = "auto";
  text.lang = hit.lang;
  write(text, hit.text.length > 300 ? `${hit.text.slice(0, 300)}…` : hit.text);
  item.append(text);
  return item;
}

// A token is shown short; its whole is in the title, to compare and to search by.
function write(into, text) {
  let from = 0;
  for (const found of text.matchAll(TOKEN)) {
    into.append(text.slice(from, found.index));
    const token = document.createElement("span");
    token.className = "token";
    token.textContent = `${found[1]} ${found[2].slice(0, 6)}`;
    token.title = `${found[1]}:${found[2]}`;
    into.append(token);
    from = found.index + found[0].length;
  }
  into.append(text.slice(from));
}

function place(hit, isNew) {
  const known = shown.get(hit.id);
  if (known && known.dataset.at === hit.screened_at) return;
  if (known) known.remove();
  const article = card(hit);
  if (isNew) article.classList.add("new");
  shown.set(hit.id, article);
  const before = [...list.children].find((other) => other.dataset.at < hit.screened_at);
  list.insertBefore(article, before || null);
}

// A long list starts anew from the newest page, unless someone reads further down or asked for earlier hits.
function trim() {
  if (list.children.length <= MOST_SHOWN || older?.held || window.scrollY > 200) return;
  list.replaceChildren();
  shown.clear();
  newer = "";
}

async function load() {
  const first = newer === "";
  let page = await ask("/api/hits", { after: newer });
  const latest = page.newer;
  if (first) setOlder(page.older);
  for (let pages = 0; ; pages += 1) {
    const meets = page.hits.some((hit) => shown.has(hit.id));
    for (const hit of page.hits.reverse()) place(hit, !first);
    if (first || meets || !page.older || pages === MOST_PAGES) break;
    page = await ask("/api/hits", { before: page.older }); // more came at once than a page holds
  }
  newer = latest || newer;
  trim();
  showEmpty();
}

async function loadOlder() {
  at("more").disabled = true;
  try {
    const page = await ask("/api/hits", { before: older.cursor });
    for (const hit of page.hits) place(hit, false);
    setOlder(page.older, true);
  } catch (error) {
    tell("away", error.message);
  } finally {
    at("more").disabled = false;
  }
}

// Once someone has asked for earlier hits, nothing they look at is taken away.
function setOlder(cursor, held = false) {
  older = { cursor, held };
  at("more").hidden = !cursor;
}

function showEmpty() {
  const filtered = [...filters.values()].some(Boolean);
  at("empty").hidden = list.children.length > 0;
  for (const part of document.querySelectorAll("[data-filtered]")) part.hidden = !filtered;
  for (const part of document.querySelectorAll("[data-unfiltered]")) part.hidden = filtered;
}

async function count() {
  const counts = await ask("/api/counts");
  for (const link of document.querySelectorAll("#lanes a")) {
    const lane = link.dataset.lane;
    const number = lane ? counts.by.lane?.[lane] || 0 : counts.total;
    link.querySelector("[data-count]").textContent = number.toLocaleString();
  }
  for (const select of document.querySelectorAll("#filters select")) offer(select, counts.by[select.name] || {});
  at("outcomes").hidden = !counts.outcomes;
  if (counts.outcomes) {
    const parts = Object.entries(counts.outcomes).map(([name, number]) => `${number.toLocaleString()} ${name}`);
    at("outcomes").textContent = `posts screened: ${parts.join(" · ") || "none yet"}`;
  }
}

function offer(select, values) {
  if (document.activeElement === select) return;
  const chosen = filters.get(select.name) || "";
  const names = new Set([...Object.keys(values), ...(chosen ? [chosen] : [])]);
  const options = [new Option("all", "")];
  for (const name of [...names].sort()) options.push(new Option(`${name.replaceAll("_", " ")} (${values[name] || 0})`, name));
  select.replaceChildren(...options);
  select.value = chosen;
}

function tell(state, words) {
  at("state").dataset.state = state;
  if (at("state").textContent !== words) at("state").textContent = words;
}

async function turn() {
  if (!document.hidden) {
    try {
      await Promise.all([load(), count()]);
      tell("live", "live");
    } catch (error) {
      tell("away", `${error.message}; trying again`);
    }
  }
  setTimeout(turn, EVERY_MS);
}

for (const link of document.querySelectorAll("#lanes a")) {
  const query = new URLSearchParams(filters);
  if (link.dataset.lane) query.set("lane", link.dataset.lane);
  else query.delete("lane");
  link.href = `?${query}`;
}
at("filters").addEventListener("change", (event) => {
  if (event.target.value) filters.set(event.target.name, event.target.value);
  else filters.delete(event.target.name);
  location.search = filters.toString();
});
at("more").addEventListener("click", loadOlder);
document.addEventListener("visibilitychange", () => { if (!document.hidden) load().catch(() => {}); });
turn();
