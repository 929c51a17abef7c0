// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file point_to_point.hpp
/// The calls of calls/point_to_point.cpp and calls/persistent.cpp in modelled time: the payload goes through the
/// non-blocking PMPI call, its stamp beside it, and a blocking call waits for both.
#include <mpi.h>

#include "interconnect/engine/engine.hpp"
#include "interconnect/engine/matching.hpp"

namespace haloscope::interconnect::model {

using Post = int (*)(const void*, int, MPI_Datatype, int, int, MPI_Comm, MPI_Request*);

int send(Engine& engine, SendKind kind, Post post, const void* data, int n, MPI_Datatype type, int to, int tag,
         MPI_Comm comm);
int isend(Engine& engine, SendKind kind, Post post, const void* data, int n, MPI_Datatype type, int to, int tag,
          MPI_Comm comm, MPI_Request* request);
int receive(Engine& engine, void* data, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Status* status);
int ireceive(Engine& engine, void* data, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm,
             MPI_Request* request);
int receive_matched(Engine& engine, void* data, int n, MPI_Datatype type, MPI_Message* message, MPI_Status* status);
int ireceive_matched(Engine& engine, void* data, int n, MPI_Datatype type, MPI_Message* message, MPI_Request* request);
int probe(Engine& engine, int from, int tag, MPI_Comm comm, MPI_Status* status);
int iprobe(Engine& engine, int from, int tag, MPI_Comm comm, int* flag, MPI_Status* status);
int matched_probe(Engine& engine, int from, int tag, MPI_Comm comm, MPI_Message* message, MPI_Status* status);
int imatched_probe(Engine& engine, int from, int tag, MPI_Comm comm, int* flag, MPI_Message* message,
                   MPI_Status* status);
int send_receive(Engine& engine, const void* data, int n, MPI_Datatype type, int to, int tag, void* received,
                 int n_received, MPI_Datatype type_received, int from, int tag_received, MPI_Comm comm,
                 MPI_Status* status);
int send_receive_replace(Engine& engine, void* data, int n, MPI_Datatype type, int to, int tag, int from,
                         int tag_received, MPI_Comm comm, MPI_Status* status);

/// What each start of a persistent request posts.
void remember_recipe(MPI_Request request, SendKind kind, const Envelope& to);
void remember_recipe(MPI_Request request, const Envelope& from);

}  // namespace haloscope::interconnect::model
