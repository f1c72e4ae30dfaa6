# Every scenario stands in tests/README.md, and every scenario that stands there exists.
#   cmake -DPROGRAM=<transcripts> -DREADME=<tests/README.md> -P check_readme.cmake

cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND "${PROGRAM}" --list OUTPUT_VARIABLE names RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} --list failed")
endif()
string(STRIP "${names}" names)
string(REPLACE "\n" ";" names "${names}")
file(READ "${README}" readme)

foreach(name ${names})
  if(NOT readme MATCHES "`${name}`")
    message(SEND_ERROR "tests/README.md does not say what ${name} is for")
  endif()
endforeach()

string(REGEX MATCHALL "`(self|sm|rl|fr|rt|hc|ds|ph|wr|cl|parity|auto|row)[0-9]*_[a-z0-9_]+`" told "${readme}")
foreach(name ${told})
  string(REPLACE "`" "" name "${name}")
  if(NOT name IN_LIST names)
    message(SEND_ERROR "tests/README.md tells of ${name}, which does not exist")
  endif()
endforeach()
