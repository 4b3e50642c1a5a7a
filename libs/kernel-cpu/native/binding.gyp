# One addon, one file. Every instruction set is a static library of its own, because gyp has compiler flags for whole targets
# only; the table in src/isa-select.cc chooses among them at run time.
{
  "variables": {
    "sanitize%": 0,
    "node_addon_api%": "<!(node -p \"require('node:path').dirname(require.resolve('node-addon-api'))\")",
  },
  "target_defaults": {
    "cflags!": ["-O3", "-fno-omit-frame-pointer"],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-exceptions", "-fno-rtti"],
    "cflags_cc": ["-std=c++17", "-O3", "-Wall", "-Wextra", "-Werror=return-type", "-fexceptions"],
    "cflags": ["-fvisibility=hidden", "-fPIC"],
    "xcode_settings": {
      "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
      "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
      "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
      "GCC_OPTIMIZATION_LEVEL": "3",
      "MACOSX_DEPLOYMENT_TARGET": "12.0",
    },
    "conditions": [
      ["sanitize==1", {
        "cflags_cc": ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g"],
        "ldflags": ["-fsanitize=address,undefined"],
      }],
    ],
  },
  "targets": [
    {
      "target_name": "generic",
      "type": "static_library",
      "sources": ["src/kernels/generic.cc"],
    },
    {
      "target_name": "kernel_cpu",
      "sources": [
        "src/addon.cc",
        "src/arguments.cc",
        "src/engine.cc",
        "src/isa-select.cc",
        "src/fold.cc",
        "src/jobs.cc",
        "src/native-kernel.cc",
        "src/pool.cc",
        "src/weights.cc",
      ],
      "include_dirs": ["<(node_addon_api)"],
      "defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "dependencies": ["generic"],
      "conditions": [
        ["OS=='linux' and sanitize==0", {
          # Nothing of the C++ runtime is asked of the machine, nor shown to other addons.
          "ldflags": ["-static-libstdc++", "-static-libgcc", "-Wl,--exclude-libs,ALL", "-s"],
        }],
        ["target_arch=='x64'", { "dependencies": ["avx512-vnni", "avx-vnni", "avx2"] }],
        ["target_arch=='arm64'", { "dependencies": ["neon-dot"] }],
      ],
    },
  ],
  "conditions": [
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "avx512-vnni",
          "type": "static_library",
          "sources": ["src/kernels/avx512-vnni.cc"],
          "cflags_cc": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vnni", "-mprefer-vector-width=512", "-Wno-maybe-uninitialized", "-Wno-uninitialized"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vnni"] },
        },
        {
          "target_name": "avx-vnni",
          "type": "static_library",
          "sources": ["src/kernels/avx-vnni.cc"],
          "cflags_cc": ["-mavx2", "-mavxvnni"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["-mavx2", "-mavxvnni"] },
        },
        {
          "target_name": "avx2",
          "type": "static_library",
          "sources": ["src/kernels/avx2.cc"],
          "cflags_cc": ["-mavx2"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["-mavx2"] },
        },
      ],
    }],
    ["target_arch=='arm64'", {
      "targets": [
        {
          "target_name": "neon-dot",
          "type": "static_library",
          "sources": ["src/kernels/neon-dot.cc"],
          "cflags_cc": ["-march=armv8.2-a+dotprod"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["-march=armv8.2-a+dotprod"] },
        },
      ],
    }],
  ],
}
