// SPDX-License-Identifier: BSD-3-Clause
// No message of a pair arrives before one that was sent earlier, whatever both drew and however they are sent. The
// networks are such as delay some messages many times longer than others; their eager limit is 1000 bytes.
#include <mpi.h>

#include <array>
#include <vector>

#include "catch.hpp"
#include "interconnect/logical_clock.hpp"
#include "world.hpp"

namespace {

constexpr int n = 4, rows = 2000, beyond_eager = 1001;

using Row = std::array<MPI_Request, n>;

/// An eager message, a synchronous one as short, one that waits for its receiver, a buffered one.
Row send_row(std::array<std::vector<char>, n>& data) {
  Row requests{};
  MPI_Isend(data[0].data(), 1, MPI_CHAR, 1, 0, MPI_COMM_WORLD, &requests[0]);
  MPI_Issend(data[1].data(), 1, MPI_CHAR, 1, 1, MPI_COMM_WORLD, &requests[1]);
  MPI_Isend(data[2].data(), beyond_eager, MPI_CHAR, 1, 2, MPI_COMM_WORLD, &requests[2]);
  MPI_Ibsend(data[3].data(), 1, MPI_CHAR, 1, 3, MPI_COMM_WORLD, &requests[3]);
  return requests;
}

Row receive_row(std::array<std::vector<char>, n>& data) {
  Row requests{};
  for (int i = 0; i < n; ++i)
    MPI_Irecv(data[static_cast<std::size_t>(i)].data(), beyond_eager, MPI_CHAR, 0, i, MPI_COMM_WORLD,
              &requests[static_cast<std::size_t>(i)]);
  return requests;
}

}  // namespace

TEST_CASE("messages of a pair arrive in the order in which they were sent, however they were sent") {
  std::array<std::vector<char>, n> data;
  data.fill(std::vector<char>(beyond_eager));
  std::vector<char> buffer(1000 + MPI_BSEND_OVERHEAD);
  MPI_Buffer_attach(buffer.data(), static_cast<int>(buffer.size()));
  int synchronous_overtook = 0, rendezvous_overtook = 0, buffered_overtook = 0;
  for (int row = 0; row < rows; ++row) {
    meet();
    if (rank_of_world() == 0) {
      Row requests = send_row(data);
      MPI_Waitall(n, requests.data(), MPI_STATUSES_IGNORE);
      continue;
    }
    Row requests = receive_row(data);
    std::array<int, n> place{};
    for (int k = 0; k < n; ++k) {
      int index = 0;
      MPI_Waitany(n, requests.data(), &index, MPI_STATUS_IGNORE);
      place[static_cast<std::size_t>(index)] = k;
    }
    synchronous_overtook += place[1] < place[0];
    rendezvous_overtook += place[2] < place[1];
    buffered_overtook += place[3] < place[1];
  }
  CHECK(synchronous_overtook == 0);
  CHECK(rendezvous_overtook == 0);
  CHECK(buffered_overtook == 0);
  void* address = nullptr;
  int length = 0;
  MPI_Buffer_detach(&address, &length);
}
