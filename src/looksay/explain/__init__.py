"""Why a system says what it says: heat over the picture, for any output of any tapped system.

`saliency`, `grad_cam`, `integrated_gradients` and `occlusion` find the heat, `explain` calls one by name; `sanity` asks whether a
method depends on the network, `agreement` whether the heat lies on the thing.
"""

from looksay.explain.agree import Agreement, agreement
from looksay.explain.gradcam import grad_cam
from looksay.explain.integrated import attributions, integrated_gradients
from looksay.explain.occlusion import occlusion
from looksay.explain.place import over
from looksay.explain.saliency import saliency
from looksay.explain.sanity import sanity
from looksay.explain.seen import explained
from looksay.explain.table import explain, methods

__all__ = [
    "Agreement", "agreement", "attributions", "explain", "explained", "grad_cam", "integrated_gradients", "methods", "occlusion",
    "over", "saliency", "sanity",
]  # fmt: skip
