// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file messages.hpp
/// Point-to-point messages in modelled time: what a send, a receive and a probe do to the clocks.
///
/// The payload goes through PMPI and MPI matches it; the stamps of one (communicator, sender, tag) come in the order of
/// their messages and go to the receives of that triple in the order these were posted, as MPI's own rule is. A
/// wildcard receive joins its triple when its payload tells which it is.
#include <mpi.h>

#include <memory>

#include "interconnect/operation.hpp"

namespace haloscope::interconnect {

enum class SendKind { standard, buffered, synchronous };

/// Posts the stamp of a message: after the payload went to PMPI, or just before. Null when nothing is left to wait for:
/// the message is eager, or goes to MPI_PROC_NULL.
[[nodiscard]] std::unique_ptr<Operation> begin_send(SendKind kind, int n, MPI_Datatype type, int to, int tag,
                                                    MPI_Comm comm);
/// Null for MPI_PROC_NULL.
[[nodiscard]] std::unique_ptr<Operation> begin_receive(int from, int tag, MPI_Comm comm);

/// Takes one stamp out of the channel.
void deliver(const Stamp& stamp);

}  // namespace haloscope::interconnect
