"""The vendor's int8 GEMM on the shapes of the bench: torch._int_mm, both layers, GOP/s. Usage: vendor-int-mm.py [m,n,k ...]"""

import json
import sys
import time

import torch

SHAPES = ["65536,1024,1024", "262144,1024,1024", "65536,2048,2048", "32768,4096,4096", "1048576,256,256"]
SECONDS = 0.5


def layer_seconds(rows: int, columns: int, depth: int) -> float:
    left = torch.randint(-128, 128, (rows, depth), dtype=torch.int8, device="cuda")
    # Transposed storage, as the kernel keeps its weights.
    weights = torch.randint(-128, 128, (columns, depth), dtype=torch.int8, device="cuda").t()
    for _ in range(3):
        torch._int_mm(left, weights)
    torch.cuda.synchronize()
    count = 0
    start = time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        for _ in range(10):
            torch._int_mm(left, weights)
        torch.cuda.synchronize()
        count += 10
    return (time.perf_counter() - start) / count


def main() -> None:
    rows = []
    for shape in sys.argv[1:] or SHAPES:
        m, n, k = (int(size) for size in shape.split(","))
        m = min(m, 32768)  # as the bench times layers alone
        seconds = layer_seconds(m, n, k) + layer_seconds(m, n, n)
        rows.append({"shape": shape, "vendor_gops": 2 * m * n * (k + n) / seconds / 1e9})
    print(json.dumps({"device": torch.cuda.get_device_name(), "torch": torch.__version__, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
