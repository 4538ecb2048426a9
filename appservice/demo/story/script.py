"""What people write in the story: a little different each time, for phones keep everything."""

from dataclasses import dataclass

SUSPICION = "Attention : véhicule ou personnes suspectes en repérage dans les zones artisanales"
ACCUSED = "C'est le neveu de la fleuriste, un type louche qui traîne toujours par ici"


@dataclass(frozen=True, slots=True)
class Script:
    """The texts of one performance. `run` counts performances in this state folder."""

    run: int

    @property
    def _hour(self) -> str:
        return f"{self.run // 60 % 12 + 7} h {self.run % 60:02d}"

    @property
    def report(self) -> str:
        return f"Vitrine brisée hier à {self._hour}, des montres ont été volées"

    @property
    def alert(self) -> str:
        return (
            f"Vol par ruse constaté à Liffré hier à {self._hour} dans un tabac, faux livreur. "
            "Vérifiez vos livraisons."
        )

    @property
    def corrected(self) -> str:
        return (
            f"Vol par ruse constaté à Redon hier à {self._hour} dans un tabac, faux livreur. "
            "Vérifiez vos livraisons."
        )

    @property
    def held(self) -> str:
        return f"Vol à l'étalage hier à {self._hour} dans une bijouterie du centre."

    @property
    def fact(self) -> str:
        return f"Vol de deux montres chez moi hier à {self._hour}, vitrine cassée"

    @property
    def answer(self) -> str:
        return f"Pareil ici, vol à l'arraché vers {self._hour} la semaine dernière"

    @property
    def sms(self) -> str:
        return f"Vol de la caisse au bar hier à {self._hour}, porte arrière forcée"

    @property
    def last(self) -> str:
        return (
            f"Vols par ruse constatés rue Gambetta aujourd'hui à {self._hour} : faux plombier. "
            "Vérifiez qui entre en réserve."
        )
