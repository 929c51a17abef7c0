# SPDX-License-Identifier: BSD-3-Clause
# Runs at every build: writes OUTPUT from TEMPLATE with the commit of SOURCE, and leaves OUTPUT alone where nothing changed.
# The folder may belong to somebody else than who builds (containers), and may lie inside another repository (an archive
# unpacked there): then its commit is not ours.
set(HALOSCOPE_GIT_COMMIT unknown)
find_program(GIT git)
if(GIT)
  set(git ${GIT} -c safe.directory=* -C ${SOURCE})
  execute_process(COMMAND ${git} rev-parse --show-prefix RESULT_VARIABLE rc OUTPUT_VARIABLE prefix ERROR_QUIET
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(rc EQUAL 0 AND prefix STREQUAL "")
    execute_process(COMMAND ${git} describe --always --dirty --abbrev=12 --exclude=* RESULT_VARIABLE rc
      OUTPUT_VARIABLE commit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(rc EQUAL 0)
      set(HALOSCOPE_GIT_COMMIT ${commit})
    endif()
  endif()
endif()
configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
