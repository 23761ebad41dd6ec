"""What loss costs each codec at 150 ms from mouth to ear; MOS of different scales are never compared. Prints:

g711, 0 % lost: R 93.0, MOS 4.41 (g107, ITU)
g711, 1 % lost: R 89.4, MOS 4.32 (g107, ITU)
g711, 3 % lost: R 82.9, MOS 4.13 (g107, ITU)
g722, 0 % lost: R 115.6, MOS 4.33 (g107.1, provisional)
g722, 1 % lost: R 100.7, MOS 3.95 (g107.1, provisional)
g722, 3 % lost: R 82.8, MOS 3.32 (g107.1, provisional)
g729, 0 % lost: R 82.0, MOS 4.10 (g107, ITU)
g729, 1 % lost: R 77.8, MOS 3.94 (g107, ITU)
g729, 3 % lost: R 70.6, MOS 3.62 (g107, ITU)
opus, 0 % lost: R 130.8, MOS 4.30 (g107.2, estimate)
opus, 1 % lost: R 120.7, MOS 4.08 (g107.2, estimate)
opus, 3 % lost: R 105.0, MOS 3.64 (g107.2, estimate)
"""

from nra.catalogue import codecs
from nra.run.what_if import Question, what_if

for codec in codecs():
    for loss in (0.0, 1.0, 3.0):
        answer = what_if(Question(model=codec.model, ie=codec.ie, bpl=codec.bpl, ta_ms=150, loss_percent=loss))
        print(f"{codec.name}, {loss:g} % lost: R {answer.r_factor:.1f}, MOS {answer.mos:.2f} ({codec.model}, {codec.standing})")
