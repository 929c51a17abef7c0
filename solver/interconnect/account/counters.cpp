// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/account/counters.hpp"

namespace haloscope::interconnect {

State& state = *new State;
constinit thread_local bool inside __attribute__((tls_model("initial-exec"))) = false;

}  // namespace haloscope::interconnect
