#include <flightplan/flightplan.h>
#include <stdio.h>
int main(void)
{
    puts(fpl_version_string());
    return 0;
}
