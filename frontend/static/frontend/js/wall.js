// A screen on a wall: slides take turns, the server is asked whether they still hold, and its silence is said.
// Plain enough for the browsers of screens some years old.
const words = document.body.dataset;
const [wall, stale, asOf] = ["wall", "stale", "as-of"].map((id) => document.getElementById(id));
let version = wall.dataset.version;
let heard = Date.now(); // by this machine's clock, which may be wrong: it only measures
let told = Date.parse(words.now); // by the server's
let asking;

const slides = () => Array.from(wall.querySelectorAll("[data-slide]"));
const seen = () => slides().findIndex((slide) => !slide.hidden);

function show(n) {
  slides().forEach((slide, at) => (slide.hidden = at !== n));
  wall.querySelectorAll("[data-turn]").forEach((turn, at) => turn.setAttribute("aria-current", at === n));
}

function swap(html) {
  const name = slides().map((slide) => slide.dataset.slide)[seen()];
  wall.innerHTML = html;
  const same = slides().findIndex((slide) => slide.dataset.slide === name);
  if (same >= 0) show(same);
}

function say(line, text) {
  const how = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: words.zone };
  if (Date.now() - heard > 4e7) Object.assign(how, { day: "numeric", month: "short" }); // not of today any more
  line.textContent = text.replace("{}", new Intl.DateTimeFormat(document.documentElement.lang, how).format(told));
}

async function ask() {
  if (asking) asking.abort();
  asking = new AbortController();
  const address = new URL(location);
  address.searchParams.set("v", version);
  const answer = await fetch(address, { signal: asking.signal, cache: "no-store" }).catch(() => {});
  // Nobody, or a proxy in the server's place: its answers are none of a page by a link.
  if (!answer || !answer.headers.has("X-Robots-Tag")) return;
  // Of another make; or none, for the link opens nothing any more.
  if (answer.headers.get("Wall-Build") !== words.build) location.reload();
  if (answer.status === 200) swap(await answer.text());
  version = answer.headers.get("Wall-Version");
  heard = Date.now();
  told = Date.parse(answer.headers.get("Date")) || heard;
  say(asOf, words.asOf);
  look();
}

function look() {
  const silent = Date.now() - heard >= 45000;
  if (silent && stale.hidden) say(stale, words.stale);
  stale.hidden = !silent;
}

setInterval(() => show((seen() + 1) % slides().length), 12000);
setInterval(ask, 10000);
setInterval(look, 1000);
