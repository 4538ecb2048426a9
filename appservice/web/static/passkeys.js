/* A form whose answer the device gives, once its owner gave it a finger, a face or a PIN. */
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const failed = form.querySelector("[data-failed]");
  const answer = form.querySelector("[name=answer]");
  const given = async (options) => {
    const { publicKey } = form.dataset.passkey === "make"
      ? { publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }
      : { publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) };
    return form.dataset.passkey === "make"
      ? navigator.credentials.create({ publicKey })
      : navigator.credentials.get({ publicKey });
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      const credential = await given(JSON.parse(form.dataset.options));
      answer.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      failed.hidden = false; // refused, too late, or a browser that makes no keys
    }
  });
}
