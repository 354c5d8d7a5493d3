// Keeps a page current without reloading it: the server says that something changed, the page is
// fetched again, and every region marked data-live is swapped. Without this file a page still works.
"use strict";

const MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

// The same words as the server's, see pages/render.py.
function age(seconds, suffix) {
  if (seconds < 0) return "in " + span(-seconds);
  return seconds < 10 ? "now" : span(seconds) + (suffix && " " + suffix);
}

function span(seconds) {
  if (seconds < MINUTE) return Math.floor(seconds) + " s";
  if (seconds < HOUR) return Math.floor(seconds / MINUTE) + " min";
  if (seconds < 2 * DAY) {
    const minutes = Math.floor((seconds % HOUR) / MINUTE);
    return Math.floor(seconds / HOUR) + " h" + (minutes && seconds < 10 * HOUR ? " " + minutes + " min" : "");
  }
  return Math.floor(seconds / DAY) + " d";
}

function tellTimes() {
  for (const time of document.querySelectorAll("time[data-age]")) {
    const then = new Date(time.dateTime);
    time.textContent = age((Date.now() - then) / 1000, time.dataset.age);
    time.title = then.toLocaleString() + " (" + time.dateTime.replace("T", " ").replace("Z", " UTC") + ")";
  }
}

// What a reader has opened, closed or ticked stays so, and the keyboard stays where it was.
function swap(old, fresh) {
  if (old.innerHTML === fresh.innerHTML || old.contains(document.activeElement?.closest("input:not([type=checkbox]), textarea, select")))
    return;
  const folds = new Map([...old.querySelectorAll("details[id]")].map((fold) => [fold.id, fold.open]));
  const ticked = new Set([...old.querySelectorAll("input:checked")].map((box) => box.value));
  for (const box of fresh.querySelectorAll("input[type=checkbox]")) box.checked = ticked.has(box.value);
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  for (const fold of fresh.querySelectorAll("details[id]"))
    if (folds.has(fold.id)) fold.open = folds.get(fold.id);
  const known = new Set([...old.querySelectorAll("li[id]")].map((item) => item.id));
  for (const item of fresh.querySelectorAll("li[id]")) item.classList.toggle("fresh", !known.has(item.id));
  old.replaceChildren(...fresh.childNodes);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

let fetching = false, again = false;

async function refresh() {
  again = true;
  if (fetching || document.hidden) return;
  fetching = true;
  try {
    while (again && !document.hidden) {
      again = false;
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.redirected) return location.reload();
      if (!answer.ok) break;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const old of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(old.id);
        if (fresh) swap(old, fresh);
      }
      tellTimes();
    }
  } catch {
    again = true;
  } finally {
    fetching = false;
  }
}

// A browser reconnects by itself after a broken line, but not after an answer such as 401 or 502.
// The page is then fetched first: a reader whose session has ended lands on the login form.
function listen(mark) {
  const news = new EventSource("/live?since=" + mark.dataset.mark);
  news.addEventListener("open", () => say(mark, "on", "live"));
  news.addEventListener("changed", refresh);
  news.addEventListener("error", () => {
    say(mark, "lost", "reconnecting");
    if (news.readyState === EventSource.CLOSED)
      setTimeout(() => refresh().then(() => listen(mark)), 5000);
  });
}

function say(mark, name, word) {
  mark.className = "live small " + name;
  mark.textContent = word;
}

// Whoever plans means the clocks around him, unless he says otherwise.
for (const zone of document.querySelectorAll("input[data-zone]"))
  zone.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone;

// On a phone the menu is wider than the screen.
document.querySelector(".nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

tellTimes();
setInterval(tellTimes, 15000);
const mark = document.getElementById("live");
if (mark && "EventSource" in window) {
  listen(mark);
  document.addEventListener("visibilitychange", () => { if (again) refresh(); });
}
