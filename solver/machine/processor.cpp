// SPDX-License-Identifier: BSD-3-Clause
/// @file processor.cpp
/// The hypervisor, asked of the processor itself: x86 reserves bit 31 of CPUID leaf 1, register ECX, and the leaves
/// from 0x40000000 for hypervisors (Linux kernel, Documentation/virt/kvm/x86/cpuid.rst).
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include <cstring>
#include <utility>

#include "machine/node.hpp"

namespace haloscope {

std::string hypervisor() {
#if defined(__x86_64__) || defined(__i386__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return unknown;
  if ((c >> 31 & 1U) == 0) return "none";
  __cpuid(0x40000000U, a, b, c, d);
  char letters[13] = {};
  std::memcpy(letters, &b, 4);
  std::memcpy(letters + 4, &c, 4);
  std::memcpy(letters + 8, &d, 4);
  return hypervisor_name(letters);
#else
  return unknown;
#endif
}

std::string hypervisor_name(const std::string& letters) {
  static constexpr std::pair<const char*, const char*> known[] = {
      {"KVMKVMKVM", "KVM"},           {"Microsoft Hv", "Hyper-V"},    {"VMwareVMware", "VMware"},
      {"XenVMMXenVMM", "Xen"},        {"TCGTCGTCGTCG", "QEMU (TCG)"}, {"bhyve bhyve ", "bhyve"},
      {"VBoxVBoxVBox", "VirtualBox"}, {" lrpepyh  vr", "Parallels"},  {"ACRNACRNACRN", "ACRN"},
  };
  for (const auto& [signature, name] : known) {
    if (letters == signature) return name;
  }
  return letters.empty() ? "one that does not give its name" : letters;
}

}  // namespace haloscope
