/**
 * Runs in the browser before GraphiQL. It takes the operator key from the fragment (`#key=…`) into the tab's
 * session storage, clears it from the address bar, and adds it to the requests GraphiQL makes. A request made without a
 * key, or refused, waits while a form asks for one; nothing has to be reloaded afterwards.
 */
export const keyFormScript = `
(() => {
  "use strict";
  const storageKey = "perennial.operatorKey";
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given) {
    sessionStorage.setItem(storageKey, given.trim());
    history.replaceState(null, "", location.pathname + location.search);
  }
  // A newcomer sees the schema first.
  if (localStorage.getItem("graphiql:visiblePlugin") === null) {
    localStorage.setItem("graphiql:visiblePlugin", "Documentation Explorer");
  }
  // Unless the address brings a query of its own, the tab that was open last is the one to show: GraphiQL forgets which
  // that was, and would open one more that is empty.
  const requested = new URLSearchParams(location.search).get("query");
  const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem("graphiql:tabState")) || { tabs: [] };
  const last = tabs[activeTabIndex];
  for (const part of ["query", "variables"]) {
    if (last && last[part] && (requested === null || requested === last.query)) localStorage.setItem("graphiql:" + part, last[part]);
    else localStorage.removeItem("graphiql:" + part);
  }

  let asking;
  const currentKey = () => sessionStorage.getItem(storageKey) || (asking ||= ask(""));
  const rejectKey = (key) => {
    if (sessionStorage.getItem(storageKey) === key) sessionStorage.removeItem(storageKey);
    asking ||= ask("The server does not accept that key.");
  };

  const send = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    const target = new URL(input instanceof Request ? input.url : input, location.href);
    if (target.origin !== location.origin || !target.pathname.startsWith("/graphql")) return send(input, init);
    for (;;) {
      const key = await currentKey();
      const request = new Request(input instanceof Request ? input.clone() : input, init);
      if (!request.headers.has("authorization")) request.headers.set("authorization", "Bearer " + key);
      else return send(request);
      const response = await send(request);
      if (!response.headers.has("www-authenticate")) return response;
      rejectKey(key);
    }
  };

  const style = \`
    dialog.key { width: min(26rem, calc(100vw - 2rem)); padding: 2rem; border: 0; border-radius: 14px; color: #1a2e22;
      background: #fff; box-shadow: 0 24px 70px rgb(10 30 20 / .35); font: 15px/1.5 system-ui, sans-serif; box-sizing: border-box; }
    dialog.key::backdrop { background: rgb(16 36 26 / .55); backdrop-filter: blur(3px); }
    dialog.key h1 { margin: 0 0 .5rem; font-size: 1.3rem; font-weight: 650; letter-spacing: -.01em; }
    dialog.key p { margin: 0 0 1.1rem; color: #4a5d52; }
    dialog.key code { white-space: nowrap; padding: .1em .35em; border-radius: 5px; background: #eaf3ed; color: #1d5a3a; font: .9em ui-monospace, monospace; }
    dialog.key label { display: block; margin-bottom: .35rem; font-weight: 600; font-size: .9rem; }
    dialog.key input { width: 100%; box-sizing: border-box; padding: .65rem .75rem; border: 1.5px solid #b9cbc0; border-radius: 8px;
      background: #fff; color: inherit; font: 14px ui-monospace, monospace; }
    dialog.key input:focus { outline: 3px solid rgb(47 133 90 / .25); border-color: #2f855a; }
    dialog.key .fault { min-height: 1.5em; margin: .4rem 0 .6rem; color: #b3261e; font-size: .9rem; }
    dialog.key button { width: 100%; padding: .7rem; border: 0; border-radius: 8px; background: #2f855a; color: #fff;
      font: 600 15px system-ui, sans-serif; cursor: pointer; }
    dialog.key button:hover, dialog.key button:focus-visible { background: #256b48; }
    @media (prefers-color-scheme: dark) {
      dialog.key, dialog.key input { background: #17211c; color: #e3efe8; }
      dialog.key p { color: #a5b8ad; }
      dialog.key code { background: #22332a; color: #8fd6ae; }
      dialog.key input { border-color: #40574a; }
      dialog.key .fault { color: #ff9d94; }
    }
  \`;

  const pageReady = new Promise((resolve) => {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", resolve);
    else resolve();
  });

  async function ask(fault) {
    await pageReady;
    const dialog = document.createElement("dialog");
    dialog.className = "key";
    dialog.setAttribute("aria-labelledby", "key-title");
    dialog.innerHTML =
      "<style>" + style + "</style>" +
      '<form method="dialog"><h1 id="key-title">Open Perennial</h1>' +
      "<p>The operator key lies in <code>&lt;data dir&gt;/operator.key</code>, where the data directory is" +
      " <code>.perennial</code> unless you chose another. The link that <code>npm start</code> prints on a terminal carries it too.</p>" +
      '<label for="key-input">Operator key</label>' +
      '<input id="key-input" type="password" autocomplete="off" spellcheck="false" placeholder="pk_…" required aria-describedby="key-fault">' +
      '<div class="fault" id="key-fault" role="alert"></div><button>Open</button></form>';
    const input = dialog.querySelector("input");
    dialog.querySelector(".fault").textContent = fault;
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
    return new Promise((resolve) => {
      dialog.querySelector("form").addEventListener("submit", (event) => {
        event.preventDefault();
        const key = input.value.trim().replace(/^Bearer +/i, "");
        if (!/^[\\x21-\\x7e]+$/.test(key)) {
          dialog.querySelector(".fault").textContent = "A key is one word without spaces.";
          return;
        }
        sessionStorage.setItem(storageKey, key);
        asking = undefined;
        dialog.remove();
        resolve(key);
      });
    });
  }
})();
`;
