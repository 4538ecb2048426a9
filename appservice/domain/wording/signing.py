"""The one text that leaves before a charter is signed: the code that whoever signs asked for."""

from collections.abc import Mapping

_CODE: Mapping[str, str] = {
    "fr": "Maillage : {code} est votre code pour signer la charte. Il vaut 10 minutes. "
    "Ne le donnez à personne. Si vous n'avez rien demandé, n'y répondez pas.",
    "en": "Maillage: {code} is your code to sign the charter. It works for 10 minutes. "
    "Give it to nobody. If you asked for nothing, don't answer.",
    "es": "Maillage: {code} es su codigo para firmar la carta. Vale 10 minutos. "
    "No lo dé a nadie. Si no ha pedido nada, no responda.",
    "de": "Maillage: {code} ist Ihr Code, um die Charta zu unterschreiben. Er gilt 10 Minuten. "
    "Geben Sie ihn nicht weiter. Unverlangt? Nicht antworten.",
    "it": "Maillage: {code} è il suo codice per firmare la carta. Vale 10 minuti. "
    "Non lo dia a nessuno. Se non ha chiesto nulla, non risponda.",
}


def code_text(code: str, language: str) -> str:
    """Fits one SMS in every language; another one is French."""
    return _CODE.get(language, _CODE["fr"]).format(code=code)


def hidden(number: str) -> str:
    """Enough to recognise one's own number by: « •• 01 »."""
    return f"•• {number[-2:]}"
