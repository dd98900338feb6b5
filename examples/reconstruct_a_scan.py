"""From a scan to an image, a number and a file, in ten lines."""

# %% A scan: your own file, or a simulated one
import feathermr
from feathermr.metrics import psnr

scan = feathermr.simulate("knee", shape=(160, 160), coils=6)  # or feathermr.load("scan.h5")

# %% Keep a quarter of its lines. A scan that came undersampled needs no such step.
given = feathermr.Undersampling(acceleration=4)(scan.without_coil_maps())
print(f"{given.acceleration:.2f}-fold undersampled, {given.n_coils} coils, {given.shape}")

# %% Reconstruct. `feathermr methods` lists the methods and their settings.
result = feathermr.reconstruct(given, "l1-wavelet", {"iterations": 30})
print(f"{result.seconds:.2f} s;", "; ".join(result.provenance.notes))

# %% Compare magnitudes with the reference; the data range is always said
reference = feathermr.reference_image(scan).abs()
for name, image in (
    ("zero-filled", feathermr.reconstruct(given, "zero-filled").image),
    ("l1-wavelet", result.image),
):
    decibels = psnr(image.abs(), reference, data_range=float(reference.max()))
    print(f"{name}: {decibels.item():.1f} dB")

# %% Save it as a NIfTI file that knows where it lies in the patient
print(*feathermr.save_image(result.image, scan.header, "out/examples/knee", "nifti"))
