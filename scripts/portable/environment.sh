# What the programs of this folder need of the machine around them. Read by them, with `here` set to
# the folder. Sets what Vulkan lacks, and nothing where it lacks nothing. Not here: drivers. A GPU's
# driver belongs to the machine's kernel, and must be installed there.

# Dawn is what needs the newest C library. Alpine's is another one.
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null || ldd --version 2>/dev/null | head -n 1)
glibc=${glibc##* }
case $glibc in
  [0-9]*.[0-9]*)
    minor=${glibc#*.}
    if [ "${glibc%%.*}" -lt 2 ] || { [ "${glibc%%.*}" -eq 2 ] && [ "${minor%%.*}" -lt 34 ]; }; then
      echo "glassbox: this system's C library is glibc $glibc, and 2.34 or newer is needed." >&2
      echo "Take a system or image as new as Debian 12 or Ubuntu 22.04." >&2
      exit 1
    fi
    ;;
esac
# Where some providers put NVIDIA's libraries without telling the system's loader of them.
if [ -d /usr/local/nvidia/lib64 ]; then
  LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/local/nvidia/lib64
  export LD_LIBRARY_PATH
fi

# Those of the named libraries that can be loaded, tried as Dawn and Vulkan's loader will try. Node
# loads a library and only then complains that it is no module of its own.
loads() {
  "$here/node/bin/node" -e '
    for (const name of process.argv.slice(1))
      try { process.dlopen({ exports: {} }, name) }
      catch (error) { if (/self-register/.test(error.message)) console.log(name) }' "$@"
}
if ! loadable=$(loads libvulkan.so.1 libGLX_nvidia.so.0 libEGL_nvidia.so.0); then
  echo "glassbox: the Node of this folder does not run on this system. What it needs is Linux on" >&2
  echo "x86-64 with glibc 2.34 or newer and libstdc++, as Debian 12 and Ubuntu 22.04 have." >&2
  exit 1
fi

case $loadable in
  *libvulkan.so.1*) ;;
  *)
    LD_LIBRARY_PATH=$here/vulkan${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    export LD_LIBRARY_PATH
    ;;
esac

# A driver is announced to Vulkan by a file in one of these folders. Containers often have NVIDIA's
# libraries without the file, or have it where Vulkan doesn't look.
if [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}${VK_ADD_DRIVER_FILES:-}" ]; then
  found=
  nvidia=
  for file in /etc/vulkan/icd.d/*.json /usr/local/etc/vulkan/icd.d/*.json \
    /usr/share/vulkan/icd.d/*.json /usr/local/share/vulkan/icd.d/*.json \
    "${HOME:-/root}"/.local/share/vulkan/icd.d/*.json; do
    [ -e "$file" ] || continue
    found=$found:$file
    case $file in *nvidia*) nvidia=$file ;; esac
  done
  if [ -z "$nvidia" ]; then
    for file in /usr/local/nvidia/vulkan/icd.d/*.json /usr/local/nvidia/share/vulkan/icd.d/*.json; do
      if [ -e "$file" ]; then nvidia=$file; fi
    done
    # Both libraries are the same driver. The one made for X needs X's own libraries, which a machine
    # without a screen may lack.
    case $nvidia:$loadable in
      :*libGLX_nvidia.so.0*) nvidia=$here/vulkan/nvidia_glx_icd.json ;;
      :*libEGL_nvidia.so.0*) nvidia=$here/vulkan/nvidia_egl_icd.json ;;
    esac
    if [ -n "$nvidia" ]; then
      # The older of two names for one setting: every loader knows it.
      VK_ICD_FILENAMES=$nvidia$found
      export VK_ICD_FILENAMES
    elif [ -e /dev/nvidiactl ]; then
      echo "glassbox: there is an NVIDIA GPU, but its Vulkan driver (libGLX_nvidia.so.0 or" >&2
      echo "libEGL_nvidia.so.0) can't be loaded. A container must be started with" >&2
      echo "NVIDIA_DRIVER_CAPABILITIES=all (or with graphics among them)." >&2
    fi
  fi
fi
