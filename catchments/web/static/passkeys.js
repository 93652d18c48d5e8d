/* Passkeys: has the browser make or show one, and sends what it answers with the form it belongs to.
 *
 * Without this script, or in a browser without passkeys, those forms stay hidden: a code does it too.
 */
(function () {
  "use strict";

  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) => {
    const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  };
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
  const described = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  async function make(asked) {
    const publicKey = {
      ...asked,
      challenge: bytes(asked.challenge),
      user: { ...asked.user, id: bytes(asked.user.id) },
      excludeCredentials: described(asked.excludeCredentials),
    };
    const made = await navigator.credentials.create({ publicKey });
    return answer(made, { attestationObject: text(made.response.attestationObject) });
  }

  async function show(asked) {
    const publicKey = {
      ...asked,
      challenge: bytes(asked.challenge),
      allowCredentials: described(asked.allowCredentials),
    };
    const shown = await navigator.credentials.get({ publicKey });
    const { authenticatorData, signature, userHandle } = shown.response;
    return answer(shown, {
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      userHandle: userHandle ? text(userHandle) : null,
    });
  }

  function answer(credential, more) {
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response: { clientDataJSON: text(credential.response.clientDataJSON), ...more },
    });
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const failed = form.querySelector("[data-failed]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      failed.hidden = true;
      try {
        const asked = JSON.parse(form.dataset.asked);
        form.elements.answer.value = await (form.dataset.passkey === "make" ? make : show)(asked);
      } catch {
        failed.hidden = false;
        return;
      }
      form.submit();
    });
  }
})();
