// Links between pages are plain links, which a browser would follow by loading the app anew. A plain
// click is told to the app instead, which changes the page in place; any other click (new tab, new
// window, download) stays the browser's.
export default function ({ setTriggerValue }) {
  const push = history.pushState;

  // Streamlit tells the browser a page's new parameters before the new page, so that "back" would lead to
  // the old page under the new page's parameters. Until the page has changed, the old address stays.
  const keepAddress = () => {
    const from = location.href;
    history.pushState = (state, title, url) => {
      const to = new URL(url, from);
      if (to.pathname === new URL(from).pathname) {
        history.replaceState(state, title, url);
        return;
      }
      history.replaceState(history.state, title, from);
      history.pushState = push;
      history.pushState(state, title, url);
    };
  };

  // No page holds scripts of its own (the policy of server.py), so its print button is served here.
  const followed = (event) => {
    if (event.target.closest?.(".t-print")) window.print();
    const link = event.target.closest?.(".stHtml a[href], .stMarkdown a[href]");
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    const href = link.getAttribute("href");
    if (href.startsWith("#") || href.startsWith("/")) return;
    event.preventDefault();
    if (link.pathname !== location.pathname) keepAddress();
    setTriggerValue("address", href);
  };
  document.addEventListener("click", followed);
  return () => {
    document.removeEventListener("click", followed);
    history.pushState = push;
  };
}
