// What the portal adds on top of plain links and forms. Each page works without it.

const pressed = (event, key) => (event.ctrlKey || event.metaKey) && !event.altKey && event.key === key;

// Ctrl/Cmd+Enter sends the form one is writing in; Ctrl/Cmd+K goes to the search.
document.addEventListener("keydown", (event) => {
  if (pressed(event, "Enter")) {
    const form = event.target.closest("form[data-submit-keys]");
    if (form) {
      event.preventDefault();
      form.requestSubmit();
    }
  } else if (pressed(event, "k")) {
    const search = document.querySelector("input[type=search]") ?? document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      if (search.matches("input")) search.focus();
      else search.click();
    }
  } else if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
});

document.addEventListener("click", (event) => {
  const menu = document.querySelector("details.menu[open]");
  if (menu && !menu.contains(event.target)) menu.open = false;
});

// One tick for all rows; without this script it is not shown.
document.querySelectorAll("[data-tick-all]").forEach((all) => {
  all.hidden = false;
  all.querySelector("input").addEventListener("change", (event) => {
    document.querySelectorAll(".cases__tick input[name=case]").forEach((box) => (box.checked = event.target.checked));
  });
});

// On a phone the sections scroll sideways; the one that is open shall be seen.
document.querySelector(".top__nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// "3 h left" goes on being true while the page stays open. The words are the server's (the data-* of <body>);
// the steps are those of frontend/templatetags/times.py.
function span(milliseconds) {
  const [minute, hour, day] = document.body.dataset.units.split(" ");
  const minutes = Math.floor(Math.abs(milliseconds) / 60_000);
  if (minutes < 60) return `${minutes}\u00a0${minute}`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)}\u00a0${hour}`;
  return `${Math.floor(minutes / 1440)}\u00a0${day}`;
}

// What a time says once it has passed, and before.
const KINDS = { due: ["late", "left"], contact: ["silent", "in"], ago: ["ago", "ago"] };

function tell(time, skew) {
  const rest = new Date(time.dateTime) - (Date.now() + skew);
  const [after, before] = KINDS[time.dataset.relative];
  const kind = rest < 0 ? after : before;
  const text = document.body.dataset[kind].replace("{}", span(rest));
  if (time.textContent !== text) time.textContent = text;
}

// The server's clock decides what is late, not that of the reader's machine.
const skew = new Date(document.body.dataset.now ?? Date.now()) - Date.now();
setInterval(() => document.querySelectorAll("time[data-relative]").forEach((time) => tell(time, skew)), 30_000);

// A swap lets the focus fall to the body; what the act has led to takes it, so that it is read out.
document.addEventListener("htmx:afterSettle", (event) => {
  const landing = event.detail.elt.parentElement ?? event.detail.elt;
  landing.querySelector(".error-summary, .status")?.focus();
});

// Without this script the address is there to be copied by hand, and the button is not.
document.querySelectorAll("[data-copy]").forEach((button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).value);
    button.textContent = button.dataset.done;
  });
});
