// What helps those who can run scripts; every page works without.
const byId = (id) => document.getElementById(id);
const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;

const base = document.querySelector(".brand").getAttribute("href").replace(/\/$/, "");
const places = { q: "/", w: "/waivers", o: "/obligations", a: "/audit", l: "/ledger", p: "/policies" };
const kept = "geogate-shortcuts";
let going = false;

function shortcutsAreOn() {
  return localStorage.getItem(kept) !== "off";
}

function step(by) {
  const rows = [...document.querySelectorAll("a.row-link")];
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.max(0, Math.min(rows.length - 1, at === -1 ? 0 : at + by))].focus();
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  "/": () => document.querySelector("input[type=search]")?.focus(),
  d: () => {
    const place = byId("decide");
    place?.scrollIntoView();
    place?.querySelector("textarea, button, input:not([type=hidden]), a")?.focus();
  },
  "?": () => byId("keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !shortcutsAreOn()) return;
  if (going) {
    going = false;
    if (event.key in places) window.location.assign(base + places[event.key]);
    return;
  }
  if (event.key === "g") {
    going = true;
    setTimeout(() => { going = false; }, 1200);
  } else if (event.key in keys) {
    event.preventDefault();
    keys[event.key]();
  }
});

byId("show-keys").hidden = false;
byId("show-keys").addEventListener("click", () => byId("keys").showModal());
byId("keys-on").checked = shortcutsAreOn();
byId("keys-on").addEventListener("change", (event) => localStorage.setItem(kept, event.target.checked ? "on" : "off"));

// What htmx changed is said to those who do not see it.
document.body.addEventListener("htmx:afterSettle", () => {
  const told = document.querySelector("[data-told]");
  if (told) byId("told").textContent = told.dataset.told;
});
document.body.addEventListener("htmx:responseError", () => {
  byId("told").textContent = "The console did not answer as it must; load the page again.";
});

// A form that gives a file: the file is kept, and the page is loaded again, because a form is good for one file.
async function keep(form) {
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin" });
  if (!answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    throw new Error([...page.querySelectorAll(".notice h1, .notice h1 + p")].map((each) => each.textContent.trim()).join(". "));
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = (answer.headers.get("content-disposition") ?? "").match(/filename="([^"]*)"/)?.[1] ?? "file";
  link.click();
}

function refused(form, error) {
  const said = document.createElement("p");
  said.className = "flash bad";
  said.setAttribute("role", "alert");
  said.textContent = error.message || "The console did not answer as it must; load the page again.";
  form.append(said);
}

document.addEventListener("submit", (event) => {
  if (!("file" in event.target.dataset)) return;
  event.preventDefault();
  const form = event.target;
  keep(form).then(() => { setTimeout(() => window.location.reload(), 400); }).catch((error) => refused(form, error));
});

// A form is sent once; when somebody comes back to the page, it can be filled again.
document.addEventListener("submit", (event) => {
  if (event.target.method === "post") setTimeout(() => event.target.querySelectorAll("button").forEach((each) => { each.disabled = true; }), 0);
});
window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
